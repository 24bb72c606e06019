import Benchmarks
import Foundation

/// What `bench` measures over a broker.
struct ClusterFigures: Encodable {
  /// One reader of one load.
  struct Line: Encodable {
    var load: String
    var name: String
    /// Records read; entries of a restore.
    var events: Int
    var seconds: Double
    var eventsPerSecond: Double
    /// User and system, of the whole process.
    var cpuSecondsPerMillion: Double
    var peakResidentBytes: Int
    /// Speed as a part of that of the consumer that decodes the same load.
    var ratio: Double?
    /// State as it was restored.
    var bytesPerId: Double?
    var bytesPerTouch: Double?
    var isRestore = false
    /// What re-keying adds to the CPU time of the line without it.
    var addedCPUSecondsPerMillion: Double?

    init(load: String, name: String, _ report: BenchPartCommand.Report, cpuSeconds: Double) {
      self.load = load
      self.name = name
      events = report.events
      seconds = report.seconds
      eventsPerSecond = Double(report.events) / max(report.seconds, 1e-9)
      cpuSecondsPerMillion = cpuSeconds * 1e6 / Double(max(1, report.events))
      peakResidentBytes = report.peakResidentBytes
      bytesPerId = report.bytesPerId
      bytesPerTouch = report.bytesPerTouch
    }
  }

  struct Latency: Encodable {
    var recordsPerSecond: Int
    var samples: Int
    var p50Ms: Double
    var p99Ms: Double
    var maxMs: Double

    init(_ result: LatencyRun.Result) {
      recordsPerSecond = result.rate
      samples = result.samples
      p50Ms = result.p50
      p99Ms = result.p99
      maxMs = result.max
    }
  }

  var isLocalBroker = true
  var lines: [Line] = []
  var latency: Latency?

  // MARK: Text

  var text: String {
    var parts: [String] = []
    if !lines.isEmpty { parts.append(table) }
    for line in lines {
      guard let added = line.addedCPUSecondsPerMillion else { continue }
      parts.append(String(format: "re-keying adds %.2f CPU-s per million records", added))
    }
    if let latency {
      parts.append(
        String(
          format: "latency at %d records/s, record to committed rollup, commits every 500 ms: "
            + "p50 %.0f ms, p99 %.0f ms, max %.0f ms (%d samples)",
          latency.recordsPerSecond, latency.p50Ms, latency.p99Ms, latency.maxMs, latency.samples))
    }
    return parts.joined(separator: "\n\n")
  }

  private var table: String {
    var rows: [[String]] = []
    for line in lines {
      if line.load != rows.last(where: { $0[1].isEmpty })?[0] {
        rows.append([line.load, "", "", "", ""])
      }
      rows.append([
        "  \(line.name)", String(format: "%.3f", line.eventsPerSecond / 1e6),
        line.ratio.map { String(format: "%.2f", $0) } ?? "–",
        String(format: "%.2f", line.cpuSecondsPerMillion),
        String(format: "%.0f", Double(line.peakResidentBytes) / Double(1 << 20)),
      ])
    }
    return AlignedTable(
      header: [
        "over \(isLocalBroker ? "the local broker" : "the given cluster")", "million/s",
        "of decoding", "CPU-s per million", "MiB resident",
      ], rows: rows
    ).text
  }
}
