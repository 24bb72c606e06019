import Attribution
import Cluster
import Kafka

/// Notices that a partition's records do not come although the broker holds more.
///
/// A client that has stopped fetching looks like one that waits: neither a record comes nor the word that the
/// log ends here. After half a minute of that the broker is asked where the log ends; if it holds more, and
/// nothing has come within as long again, the worker has to be built anew.
struct StuckReadDetector {
  private static let limit: Milliseconds = 30_000

  private var silentSince: Milliseconds?
  private var isAsking = false
  private var isOverdue = false

  /// Something has come, or nothing can.
  mutating func note() {
    silentSince = nil
    isAsking = false
    isOverdue = false
  }

  /// Nothing has come. A broker that does not answer proves nothing.
  ///
  /// - Throws: a `KafkaError` once records are overdue.
  mutating func check(
    _ partition: TopicPartition, position: Int64, now: Milliseconds, _ ends: EndProbe
  ) throws {
    guard let since = silentSince else {
      silentSince = now
      return
    }
    guard isAsking, let end = ends.take(partition) else {
      // Asked again where nobody answers.
      guard now - since >= StuckReadDetector.limit else { return }
      silentSince = now
      isAsking = true
      return ends.want(partition)
    }
    isAsking = false
    guard end > position else {
      isOverdue = false
      return
    }
    guard isOverdue else {
      isOverdue = true
      return
    }
    throw KafkaError(
      code: 0, name: "OVERDUE",
      message: """
        the broker holds records from offset \(position) to \(end), but none has come for a minute
        """,
      operation: "read \(partition)")
  }
}
