import Attribution
import Configuration
import Logging
import Synchronization

/// Says once per topic that records lie in other partitions than their users belong to. Thread-safe.
final class MisplacedRecordsNotice: Sendable {
  private let mentioned = Mutex<Set<String>>([])

  /// - Parameters:
  ///   - counts: committed records of the topic, as far as the worker has processed it.
  func note(
    _ counts: InputCounts, of topic: String, partitioner: InputPartitioner, _ logger: Logger
  ) {
    guard counts.misplaced > 0, mentioned.withLock({ $0.insert(topic).inserted }) else { return }
    logger.warning(
      """
      \(topic): \(counts.misplaced) of \(counts.records) records so far lie in another partition than \
      their user_id belongs to by `partitioner` \(partitioner.rawValue); events of a user that lie in \
      different partitions do not meet, and conversions stay unattributed; key every input by user_id \
      with the same partitioner, set `partitioner` to it, or re-key the topic (`rekey: true`)
      """)
  }
}
