import Foundation

/// This program run once more, as a process whose CPU time counts alone.
///
/// One at a time: the kernel gives the CPU time of all children together.
struct MeasuredProcess {
  private let process = Process()
  private let output: URL
  private let before = MeasuredProcess.childrensSeconds

  /// Starts `tributary` with `arguments`; its log goes where this process's goes.
  ///
  /// - Parameter environment: added to this process's own.
  init(_ arguments: [String], environment: [String: String]) throws {
    output = FileManager.default.temporaryDirectory.appendingPathComponent("bench-\(UUID())")
    try Data().write(to: output)
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardOutput = try FileHandle(forWritingTo: output)
    try process.run()
  }

  /// Asks it to end in order.
  func interrupt() { process.terminate() }

  /// Waits for it to end.
  ///
  /// - Returns: what it printed, and its CPU-seconds, user and system.
  func finish() throws -> (output: Data, cpuSeconds: Double) {
    process.waitUntilExit()
    defer { try? FileManager.default.removeItem(at: output) }
    guard process.terminationStatus == 0 else {
      let arguments = process.arguments ?? []
      throw Failure(
        "`tributary \(arguments.joined(separator: " "))` ended with \(process.terminationStatus)")
    }
    return (try Data(contentsOf: output), MeasuredProcess.childrensSeconds - before)
  }

  private static var childrensSeconds: Double {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_CHILDREN.rawValue), &usage)
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) * 1e-6 }
    return seconds(usage.ru_utime) + seconds(usage.ru_stime)
  }
}
