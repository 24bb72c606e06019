import BrokerKit
import Foundation

/// The built `tributary`, run as a user would.
struct Program {
  struct Result {
    var status: Int32
    var output: String
    var errors: String
    var seconds: Double
  }

  /// Beside the test bundle.
  static let url: URL = {
    let arguments = ProcessInfo.processInfo.arguments
    let bundle = arguments.first { $0.hasSuffix(".xctest") } ?? arguments[0]
    return URL(fileURLWithPath: bundle).deletingLastPathComponent()
      .appendingPathComponent("tributary")
  }()

  var environment: [String: String] = [:]

  /// Runs a command to its end; after `timeout` seconds it is killed and the status is -1.
  ///
  /// Its output goes through files: a pipe's end would be inherited by a broker that another test
  /// starts in the meantime, and reading it would never end.
  func run(_ arguments: String..., timeout: Double = 120) throws -> Result {
    try run(arguments: arguments, timeout: timeout)
  }

  func run(arguments: [String], timeout: Double = 120) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let began = Date()
    let process = try start(arguments, outputFolder: folder)
    while process.isRunning && Date() < began + timeout { usleep(5_000) }
    let isLate = process.isRunning
    if isLate { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
    func text(_ name: String) throws -> String {
      String(decoding: try Data(contentsOf: folder.appendingPathComponent(name)), as: UTF8.self)
    }
    return Result(
      status: isLate ? -1 : process.terminationStatus, output: try text("output"),
      errors: try text("errors"), seconds: Date().timeIntervalSince(began))
  }

  /// Starts a command and leaves it running, its output in files of a folder.
  func start(_ arguments: [String], outputFolder: URL) throws -> Process {
    func file(_ name: String) throws -> FileHandle {
      let url = outputFolder.appendingPathComponent(name)
      try Data().write(to: url)
      return try FileHandle(forWritingTo: url)
    }
    let process = Process()
    process.executableURL = Program.url
    process.arguments = arguments
    var all = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("TRIBUTARY_") }
    // Not where the user's own processes keep theirs.
    all["XDG_STATE_HOME"] =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("tributary-test-state").path
    all["STATE_DIRECTORY"] = nil
    all.merge(environment) { $1 }
    process.environment = all
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try file("output")
    process.standardError = try file("errors")
    try process.run()
    return process
  }
}
