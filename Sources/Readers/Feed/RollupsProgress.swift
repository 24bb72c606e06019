import Attribution
import Cluster
import Codec
import Configuration
import Inputs
import Logging

/// How far the rollups are final, and what their input has lost, from the last progress record of each partition: the
/// rollups themselves are not read.
package struct RollupsProgress {
  /// Every window that ends at or before it is final: the least over the partitions. Nil while a partition has nothing
  /// to tell.
  package private(set) var finalThrough: Milliseconds?
  private var lost: Set<LostRange> = []

  package init(_ settings: Configuration, logger: Logger) throws {
    let forms = try PublishedForms(settings)
    let tail = try LogTail(settings, logger: logger)
    defer { tail.close() }
    let partitions = try tail.partitions(of: settings.topics.rollups)
    guard !partitions.isEmpty else {
      throw OperatorError(
        "missing topic \(settings.topics.rollups) at \(settings.bootstrapServers); `tributary topics create` makes it"
      )
    }
    var times: [Milliseconds] = []
    for partition in partitions {
      var found: PublishedProgress?
      _ = try tail.last(of: [partition]) { record in
        guard let key = record.key, ProgressCodec.decodeKey(key) == partition.partition,
          let value = record.value
        else { return false }
        found = try forms.progress(value)
        return true
      }
      guard let found else { continue }
      times.append(found.finalThrough)
      lost.formUnion(found.lost)
    }
    guard times.count == partitions.count, let least = times.min() else { return }
    // A partition that has heard of tasks but of no time yet names the earliest there is.
    finalThrough = least > Time.earliest ? least : nil
  }

  /// Input that was gone before it was read and that records of `range` may miss; in the order of its place.
  ///
  /// - Parameter correctionHorizon: how much older than its company an event may be and still count.
  package func lostInput(
    touching range: Range<Milliseconds>, correctionHorizon: Milliseconds
  ) -> [LostRange] {
    lost.filter { $0.mayTouch(range, correctionHorizon: correctionHorizon) }
      .sorted { ($0.topic, $0.partition, $0.from) < ($1.topic, $1.partition, $1.from) }
  }
}
