import Configuration
import Foundation

/// How much state a worker may hold before it refuses to go on, in bytes.
///
/// The kernel kills a process that takes all memory, without a word. A worker that stops first can say
/// what is wrong.
package enum StateLimit {
  /// As configured, or this worker's share of three quarters of the memory that the process may use.
  package static func bytes(_ configuration: Configuration, workers: Int) -> Int {
    if configuration.maxMemory > 0 { return configuration.maxMemory }
    return memory / 4 * 3 / max(1, workers)
  }

  /// The container's memory, or the machine's where there is no limit.
  private static var memory: Int {
    let physical = Int(ProcessInfo.processInfo.physicalMemory)
    let limits = [
      "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    ].compactMap { path in
      (try? String(contentsOfFile: path, encoding: .utf8)).flatMap {
        Int($0.trimmingCharacters(in: .whitespacesAndNewlines))
      }
    }
    return limits.reduce(physical, min)
  }
}
