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
  func run(_ arguments: String..., timeout: Double = 120) throws -> Result {
    let began = Date()
    let process = try start(arguments)
    let deadline = began + timeout
    let output = Capture(process.standardOutput as! Pipe)
    let errors = Capture(process.standardError as! Pipe)
    while process.isRunning && Date() < deadline { usleep(10_000) }
    let isLate = process.isRunning
    if isLate { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
    return Result(
      status: isLate ? -1 : process.terminationStatus, output: output.text(), errors: errors.text(),
      seconds: Date().timeIntervalSince(began))
  }

  /// Starts a command and leaves it running.
  func start(_ arguments: [String]) throws -> Process {
    let process = Process()
    process.executableURL = Program.url
    process.arguments = arguments
    var all = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("TRIBUTARY_") }
    all.merge(environment) { $1 }
    process.environment = all
    process.standardOutput = Pipe()
    process.standardError = Pipe()
    try process.run()
    return process
  }
}

/// Reads a pipe on a thread of its own, so that the writer never blocks.
///
/// `@unchecked Sendable`: the data is read after the semaphore says it is complete.
private final class Capture: @unchecked Sendable {
  private var data = Data()
  private let done = DispatchSemaphore(value: 0)

  init(_ pipe: Pipe) {
    Thread { [self] in
      data = pipe.fileHandleForReading.readDataToEndOfFile()
      done.signal()
    }.start()
  }

  func text() -> String {
    done.wait()
    return String(decoding: data, as: UTF8.self)
  }
}
