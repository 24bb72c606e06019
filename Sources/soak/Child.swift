import Foundation

/// A named process of `tributary`, started over and over; what it says goes to one log.
final class Child {
  /// Beside the soak's own program.
  private static let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent().appendingPathComponent("tributary")

  let name: String
  private let cluster: SoakCluster
  private let environment: [String: String]
  private var process: Process?
  /// How often it has left with status 1 and was allowed to.
  private var failures = 0
  /// Length of the log when it was last started, in bytes.
  private var logBefore: UInt64 = 0

  init(_ name: String, _ cluster: SoakCluster) {
    self.name = name
    self.cluster = cluster
    environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("TRIBUTARY_") }
      .merging(cluster.environment) { $1 }
      .merging(["TRIBUTARY_INSTANCE_ID": name]) { $1 }
  }

  var isRunning: Bool { process?.isRunning ?? false }
  var log: URL { cluster.logs.appendingPathComponent("\(name).log") }
  /// What the last run printed.
  var output: URL { cluster.logs.appendingPathComponent("\(name).out") }

  func start(_ arguments: String...) throws {
    if !FileManager.default.fileExists(atPath: log.path) { try Data().write(to: log) }
    try Data().write(to: output)
    let errors = try FileHandle(forWritingTo: log)
    logBefore = try errors.seekToEnd()
    let process = Process()
    process.executableURL = Child.program
    process.arguments = arguments
    process.environment = environment
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = errors
    try process.run()
    self.process = process
  }

  func send(_ signal: Int32) {
    if let process, process.isRunning { kill(process.processIdentifier, signal) }
  }

  /// Kills it, and returns when it is gone.
  func end() {
    send(SIGKILL)
    process?.waitUntilExit()
  }

  /// Waits for it to end by itself with status 0.
  ///
  /// - Parameter mayFail: or with 1.
  /// - Returns: how many seconds that took.
  func leave(within seconds: Double, after what: String, mayFail: Bool = false) throws -> Double {
    let began = Date()
    while isRunning && Date().timeIntervalSince(began) < seconds { usleep(10_000) }
    guard let process, !process.isRunning else {
      throw Violation("\(name) still runs \(Int(seconds)) s after \(what)")
    }
    let hasFailed = process.terminationReason == .exit && process.terminationStatus == 1
    if mayFail && hasFailed { failures += 1 }
    guard
      try process.terminationReason == .exit && process.terminationStatus == 0 || diedUnborn
        || mayFail && hasFailed
    else {
      throw Violation("\(name) ended with status \(process.terminationStatus) after \(what)")
    }
    return Date().timeIntervalSince(began)
  }

  /// Whether SIGTERM came before the program could ask to be told: the kernel ends such a process, and
  /// nothing was begun.
  private var diedUnborn: Bool {
    get throws {
      guard let process, process.terminationReason == .uncaughtSignal,
        process.terminationStatus == SIGTERM
      else { return false }
      return try FileHandle(forReadingFrom: log).seekToEnd() == logBefore
    }
  }

  /// Whether it has ended with status 1 because no broker could be reached when it started.
  func hasFoundNoBroker() throws -> Bool {
    guard let process, !process.isRunning, process.terminationReason == .exit,
      process.terminationStatus == 1,
      let last = try String(contentsOf: log, encoding: .utf8).split(separator: "\n").last,
      last.hasPrefix("tributary: "), last.contains("no broker reached at")
    else { return false }
    failures += 1
    return true
  }

  /// Lines of its log that no working program writes: what is not in the log's format is a crash's
  /// trace or a last complaint.
  func unexpectedLines() throws -> [Substring] {
    var complaints = failures
    return try String(contentsOf: log, encoding: .utf8).split(separator: "\n").filter { line in
      if line.hasPrefix("tributary: "), complaints > 0 {
        complaints -= 1
        return false
      }
      return line.prefixMatch(of: #/\d{4}-\d\d-\d\dT[\d:.]+Z (info|notice|warning|error) /#) == nil
    }
  }

  /// How often one of its workers failed and was built again.
  func rebuilds() throws -> Int {
    try String(contentsOf: log, encoding: .utf8).split(separator: "\n")
      .count { $0.contains("; it starts again, ") }
  }
}
