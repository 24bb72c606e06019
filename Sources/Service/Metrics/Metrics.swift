import Synchronization

/// What a process counts and measures, for Prometheus to read.
///
/// Names follow its conventions: base units (`_seconds`, `_bytes`), `_total` for what only grows.
public final class Metrics: Sendable {
  /// The kinds of metric.
  public enum Kind: String, Sendable { case counter, gauge, histogram }

  private struct Family {
    let help: String
    let kind: Kind
    /// Upper bounds of a histogram's buckets, ascending.
    var bounds: [Double] = []
    var values: [[String: String]: Double] = [:]
    var histograms: [[String: String]: Distribution] = [:]
  }

  private struct Distribution {
    var counts: [Int]
    var sum = 0.0
  }

  private let families = Mutex<[String: Family]>([:])

  public init() {}

  /// Makes a metric known; once, before its first value.
  ///
  /// - Parameter bounds: of a histogram's buckets, ascending, without infinity.
  public func define(_ name: String, _ kind: Kind, help: String, bounds: [Double] = []) {
    families.withLock { $0[name] = Family(help: help, kind: kind, bounds: bounds) }
  }

  /// Adds to a counter.
  public func add(_ amount: Double = 1, to name: String, _ labels: [String: String] = [:]) {
    families.withLock { $0[name]?.values[labels, default: 0] += amount }
  }

  /// Sets a gauge, or a counter that is counted elsewhere; nil takes it away.
  public func set(_ name: String, _ labels: [String: String] = [:], to value: Double?) {
    families.withLock { $0[name]?.values[labels] = value }
  }

  /// Adds one observation to a histogram.
  public func observe(_ value: Double, in name: String, _ labels: [String: String] = [:]) {
    families.withLock { families in
      guard let bounds = families[name]?.bounds else { return }
      let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
      let empty = Distribution(counts: Array(repeating: 0, count: bounds.count + 1))
      families[name]!.histograms[labels, default: empty].counts[bucket] += 1
      families[name]!.histograms[labels]!.sum += value
    }
  }

  /// Sets a histogram that is counted elsewhere.
  ///
  /// - Parameter counts: observations per bucket, not added up; one more than there are bounds.
  public func set(
    _ name: String, _ labels: [String: String] = [:], counts: [Int], sum: Double
  ) {
    families.withLock { families in
      guard let bounds = families[name]?.bounds else { return }
      precondition(counts.count == bounds.count + 1, "a histogram has a last, open bucket")
      families[name]?.histograms[labels] = Distribution(counts: counts, sum: sum)
    }
  }

  /// Takes away every value of a metric whose labels come and go, before they are set anew.
  public func clear(_ name: String) { families.withLock { $0[name]?.values.removeAll() } }

  /// All of it in Prometheus' text format, in a fixed order.
  public var text: String {
    // Written from a copy: nobody who counts waits meanwhile.
    families.withLock { $0 }.sorted { $0.key < $1.key }.map(Self.text).joined()
  }

  private static func text(_ name: String, _ family: Family) -> String {
    var lines = ["# HELP \(name) \(family.help)", "# TYPE \(name) \(family.kind.rawValue)"]
    for (labels, value) in family.values.sorted(by: { label($0.key) < label($1.key) }) {
      lines.append("\(name)\(label(labels)) \(number(value))")
    }
    for (labels, distribution) in family.histograms.sorted(by: { label($0.key) < label($1.key) }) {
      var total = 0
      for (bound, count) in zip(family.bounds + [.infinity], distribution.counts) {
        total += count
        let limit = labels.merging(["le": bound == .infinity ? "+Inf" : number(bound)]) { $1 }
        lines.append("\(name)_bucket\(label(limit)) \(total)")
      }
      lines.append("\(name)_sum\(label(labels)) \(number(distribution.sum))")
      lines.append("\(name)_count\(label(labels)) \(total)")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func label(_ labels: [String: String]) -> String {
    guard !labels.isEmpty else { return "" }
    let pairs = labels.sorted { $0.key < $1.key }.map { name, value in
      let escaped = value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        .replacing("\n", with: "\\n")
      return "\(name)=\"\(escaped)\""
    }
    return "{\(pairs.joined(separator: ","))}"
  }

  private static func number(_ value: Double) -> String {
    value == value.rounded() && value.magnitude < 1e15 ? "\(Int64(value))" : "\(value)"
  }
}
