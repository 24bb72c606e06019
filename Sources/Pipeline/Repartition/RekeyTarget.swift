import Attribution
import Cluster
import Configuration
import Inputs
import Kafka

/// The internal topic that takes the events of a kind, and which of its partitions takes whose.
///
/// An object, because a struct of its parts would be copied for every event.
final class RekeyTarget {
  let topic: String
  private let partitioner: UserPartitioner
  private let recordLimit: Int
  private let needsOrigin: Bool

  /// - Returns: nil where events of the kind are not re-keyed.
  init?(_ kind: EventKind, _ context: StageContext) throws {
    let plan = context.plan
    guard let rekeying = plan.rekeyings.first(where: { $0.kind == kind }) else { return nil }
    topic = rekeying.target
    partitioner = UserPartitioner(
      choosing: context.configuration.partitioner, count: plan.partitionCount(of: kind))
    recordLimit = plan.recordLimit(of: topic)
    needsOrigin = try context.inputPlan(of: topic).needsOrigin
  }

  /// Passes an event on: its record as it came, under the key that it should have had.
  ///
  /// A record whose own headers are more than the topic takes goes without them; its value is never too large.
  func forward(
    _ record: Record, of source: TopicPartition, _ event: UnsafePointer<Event>,
    to producer: any LogProducer
  ) throws {
    let key = event.pointee.kind == .cost ? event.pointee.campaignID : event.pointee.userID
    let own = record.headers()
    let partition = partitioner.partition(of: key)
    let timestamp = record.timestamp < 0 ? nil : record.timestamp
    guard needsOrigin || !own.isEmpty else {
      return try producer.produce(
        topic, partition: partition, key: key.buffer, value: record.value, timestamp: timestamp,
        headers: [])
    }
    var headers = own
    if needsOrigin {
      let origin = RecordOrigin.encode(
        topic: source.topic, partition: source.partition, offset: record.offset, key: record.key)
      headers.append(Header(name: RecordOrigin.header, value: origin))
    }
    if !own.isEmpty,
      RecordSize.bytes(key: key.count, value: record.value?.count ?? 0, headers: headers)
        > recordLimit
    {
      headers.removeFirst(own.count)
    }
    try producer.produce(
      topic, partition: partition, key: key.buffer, value: record.value, timestamp: timestamp,
      headers: headers)
  }
}
