import Attribution
import Cluster
import Configuration
import Kafka

/// The internal topic that takes the events of a kind, and which of its partitions takes whose.
struct RekeyTarget {
  let topic: String
  private let partitioner: UserPartitioner
  private let recordLimit: Int

  /// - Returns: nil where events of the kind are not re-keyed.
  init?(_ kind: EventKind, _ plan: TopicPlan, _ configuration: Configuration) {
    guard let rekeying = plan.rekeyings.first(where: { $0.source.kind == kind }) else { return nil }
    topic = rekeying.target
    partitioner = UserPartitioner(
      choosing: configuration.partitioner, count: plan.partitionCount(of: kind))
    recordLimit = plan.recordLimit(of: topic)
  }

  /// Passes an event on: its record as it came, under the key that it should have had.
  ///
  /// A record whose own headers are more than the topic takes goes without them; its value is never too large.
  func forward(
    _ record: Record, _ event: UnsafePointer<Event>, to producer: any LogProducer
  ) throws {
    let key = event.pointee.kind == .cost ? event.pointee.campaignID : event.pointee.userID
    var headers = record.headers()
    if !headers.isEmpty,
      RecordSize.bytes(key: key.count, value: record.value?.count ?? 0, headers: headers)
        > recordLimit
    {
      headers = []
    }
    try producer.produce(
      topic, partition: partitioner.partition(of: key), key: key.buffer, value: record.value,
      timestamp: record.timestamp < 0 ? nil : record.timestamp, headers: headers)
  }
}
