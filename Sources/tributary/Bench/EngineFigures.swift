import Benchmarks
import Foundation

/// What one core does, as `bench` prints it.
struct EngineFigures {
  var figures: BenchmarkSuite.Figures
  var decoding: BenchmarkSuite.Decoding
  var restore: BenchmarkSuite.Restore
  /// Resident, workload and all, before the runs with more of something.
  var peakBytes: Int?
  var growth: [(of: BenchmarkSuite.Growth, figures: BenchmarkSuite.Figures)] = []

  // MARK: Text

  var text: String {
    var parts = [speeds, sizes]
    if !growth.isEmpty { parts.append(growthTable) }
    return parts.joined(separator: "\n\n")
  }

  private var speeds: String {
    func row(_ name: String, _ timing: Timing) -> [String] {
      [
        name, millions(timing.eventsPerSecond), millions(1e6 / timing.cpuSecondsPerMillion),
        String(format: "%.3f", timing.cpuSecondsPerMillion),
      ]
    }
    return AlignedTable(
      header: ["one core", "million/s", "million per CPU-second", "CPU-seconds per million"],
      rows: [
        row("engine, decoded events", figures.engine),
        row("bytes, decoder, engine", figures.bytes),
        row("bytes, decoder", decoding.own),
        row(
          String(format: "mapped bytes, decoder (%.2f of its rate)", decoding.ratio),
          decoding.mapped),
        row("restore, entries", restore.speed),
        row("restore from a copy on disk", restore.copySpeed),
      ]
    ).text
  }

  private var sizes: String {
    var rows = [
      ["per remembered id", bytes(figures.state.bytesPerIdentity), "\(figures.state.identities)"],
      ["per remembered touch", bytes(figures.state.bytesPerRecord), "\(figures.state.records)"],
      ["per entry of the state topic", bytes(restore.bytesPerEntry), "\(restore.speed.events)"],
    ]
    if let peakBytes {
      rows.append(["peak resident, in MB", bytes(Double(peakBytes) / 1e6), ""])
    }
    return AlignedTable(header: ["memory", "bytes", "of them"], rows: rows).text
  }

  private var growthTable: String {
    func row(_ name: String, _ grown: BenchmarkSuite.Figures) -> [String] {
      func change(_ now: Timing, _ before: Timing) -> String {
        String(
          format: "%+.0f%%", 100 * (now.cpuSecondsPerMillion / before.cpuSecondsPerMillion - 1))
      }
      return [
        name, change(grown.engine, figures.engine), change(grown.bytes, figures.bytes),
        bytes(grown.state.bytesPerIdentity), bytes(grown.state.bytesPerRecord),
      ]
    }
    return AlignedTable(
      header: ["ten times the", "engine's cost", "with decoder", "bytes per id", "per touch"],
      rows: growth.map { row($0.of.rawValue, $0.figures) }
    ).text
  }

  private func millions(_ perSecond: Double) -> String { String(format: "%.2f", perSecond / 1e6) }
  private func bytes(_ count: Double) -> String { String(format: "%.1f", count) }

  // MARK: JSON

  struct Document: Encodable {
    struct Speed: Encodable {
      var events: Int
      var eventsPerSecond: Double
      var cpuSecondsPerMillion: Double

      init(_ timing: Timing) {
        events = timing.events
        eventsPerSecond = timing.eventsPerSecond
        cpuSecondsPerMillion = timing.cpuSecondsPerMillion
      }
    }

    struct Figures: Encodable {
      var engine: Speed
      var bytes: Speed
      var rememberedIds: Int
      var bytesPerId: Double
      var rememberedTouches: Int
      var users: Int
      var bytesPerTouch: Double

      init(_ figures: BenchmarkSuite.Figures) {
        engine = Speed(figures.engine)
        bytes = Speed(figures.bytes)
        rememberedIds = figures.state.identities
        bytesPerId = figures.state.bytesPerIdentity
        rememberedTouches = figures.state.records
        users = figures.state.users
        bytesPerTouch = figures.state.bytesPerRecord
      }
    }

    struct Restore: Encodable {
      var speed: Speed
      var copySpeed: Speed
      var bytesPerEntry: Double
    }

    var figures: Figures
    var decoding: Speed
    var mappedDecoding: Speed
    var restore: Restore
    var peakResidentBytes: Int?
    var growth: [String: Figures]
  }

  var document: Document {
    Document(
      figures: Document.Figures(figures), decoding: Document.Speed(decoding.own),
      mappedDecoding: Document.Speed(decoding.mapped),
      restore: Document.Restore(
        speed: Document.Speed(restore.speed), copySpeed: Document.Speed(restore.copySpeed),
        bytesPerEntry: restore.bytesPerEntry),
      peakResidentBytes: peakBytes,
      growth: Dictionary(
        uniqueKeysWithValues: growth.map { ($0.of.rawValue, Document.Figures($0.figures)) }))
  }
}
