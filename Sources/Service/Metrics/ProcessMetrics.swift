import Foundation

/// What the kernel knows of this process, under the names that Prometheus' own libraries use.
package enum ProcessMetrics {
  package static func define(_ metrics: Metrics) {
    metrics.define(
      "process_resident_memory_bytes", .gauge, help: "Resident memory, in bytes.")
    metrics.define(
      "process_cpu_seconds_total", .counter, help: "User and system CPU time, in seconds.")
    metrics.define("process_open_fds", .gauge, help: "Open file descriptors.")
    metrics.define(
      "process_start_time_seconds", .gauge, help: "When it started, in seconds since the epoch.")
    let uptime = ProcessInfo.processInfo.systemUptime
    if let fields = statistics(), fields.count > 19, let ticks = Double(fields[19]) {
      // Field 22 of proc(5): ticks between the system's start and the process'.
      let age = uptime - ticks / ticksPerSecond
      metrics.set(
        "process_start_time_seconds", to: (Date().timeIntervalSince1970 - age).rounded())
    }
  }

  package static func refresh(_ metrics: Metrics) {
    metrics.set(
      "process_resident_memory_bytes", to: Double(ProcessMemory.residentBytes))
    if let fields = statistics(), fields.count > 12, let user = Double(fields[11]),
      let system = Double(fields[12])
    {
      metrics.set("process_cpu_seconds_total", to: (user + system) / ticksPerSecond)
    }
    let open = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
    metrics.set("process_open_fds", to: open.map { Double($0) })
  }

  private static let ticksPerSecond = Double(sysconf(Int32(_SC_CLK_TCK)))

  /// The fields of `/proc/self/stat` from the third on: the name before may hold blanks.
  private static func statistics() -> [Substring]? {
    guard let text = try? String(contentsOfFile: "/proc/self/stat", encoding: .utf8),
      let name = text.lastIndex(of: ")")
    else { return nil }
    return text[text.index(after: name)...].split(whereSeparator: \.isWhitespace)
  }
}
