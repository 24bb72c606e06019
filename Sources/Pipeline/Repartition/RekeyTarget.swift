// Safety: headers are lent from `headers` for one call.

import Attribution
import Cluster
import Configuration
import Inputs
import Kafka

/// The internal topic that takes the events of a kind, and which of its partitions takes whose.
///
/// An object, because a struct of its parts would be copied for every event.
final class RekeyTarget {
  /// Bytes of a message, so many that what a message costs no longer counts.
  private static let packLimit = 64 << 10
  /// Bytes of the messages that are being filled, all together.
  private static let packLimitInAll = 16 << 20
  /// Below that a message costs more than it saves.
  private static let leastPackLimit = 4 << 10

  let topic: String
  private let partitioner: UserPartitioner
  private let recordLimit: Int
  private let needsOrigin: Bool
  /// By partition.
  private let packs: [PackWriter]
  /// Of the record that is being passed on.
  private var headers: [UInt8] = []

  /// - Returns: nil where events of the kind are not re-keyed.
  init?(_ kind: EventKind, _ context: StageContext) throws {
    let plan = context.plan
    guard let rekeying = plan.rekeyings.first(where: { $0.kind == kind }) else { return nil }
    topic = rekeying.target
    let count = Int(plan.partitionCount(of: kind))
    partitioner = UserPartitioner(
      choosing: context.configuration.partitioner, count: plan.partitionCount(of: kind))
    recordLimit = plan.recordLimit(of: topic)
    needsOrigin = try context.inputPlan(of: topic).needsOrigin
    let limit = min(
      Self.packLimit, max(Self.leastPackLimit, Self.packLimitInAll / max(1, count)))
    packs = (0..<count).map { _ in PackWriter(limit: limit) }
  }

  /// Passes an event on: its record as it came, under the key that it should have had. It is sent with others of its
  /// partition, by the next `flush` at the latest.
  ///
  /// A record whose own headers are more than the topic takes goes without them; its value is never too large.
  func forward(
    _ record: Record, of source: TopicPartition, _ event: UnsafePointer<Event>,
    to producer: any LogProducer
  ) throws {
    let key = event.pointee.kind == .cost ? event.pointee.campaignID : event.pointee.userID
    let own = record.headers()
    guard needsOrigin || !own.isEmpty else {
      return try add(
        record, key, headers: UnsafeRawBufferPointer(start: nil, count: 0), to: producer)
    }
    encodeHeaders(own, of: record, source, key: key.count)
    try headers.withUnsafeBytes { try add(record, key, headers: $0, to: producer) }
  }

  private func add(
    _ record: Record, _ key: BorrowedBytes, headers: UnsafeRawBufferPointer,
    to producer: any LogProducer
  ) throws {
    let partition = partitioner.partition(of: key)
    let pack = packs[Int(partition)]
    if pack.isFull(for: key.count, record.value?.count ?? 0, headers.count) {
      try pack.flush(to: producer, topic, partition: partition)
    }
    pack.add(
      key: key.buffer, value: record.value, timestamp: max(-1, record.timestamp), headers: headers)
  }

  /// Writes the headers that a record goes on with.
  private func encodeHeaders(
    _ own: [Header], of record: Record, _ source: TopicPartition, key: Int
  ) {
    headers.removeAll(keepingCapacity: true)
    encode(own, of: record, source)
    let size =
      key + (record.value?.count ?? 0) + headers.count + PackWriter.overhead
    guard !own.isEmpty,
      RecordSize.bytes(key: 0, value: size, headers: []) > recordLimit
        || !HeaderBlock.canHold(own, more: 1)
    else { return }
    headers.removeAll(keepingCapacity: true)
    if needsOrigin { encode([], of: record, source) }
  }

  private func encode(_ own: [Header], of record: Record, _ source: TopicPartition) {
    HeaderBlock.begin(count: own.count + (needsOrigin ? 1 : 0), in: &headers)
    for header in own { HeaderBlock.append(name: header.name, value: header.value, to: &headers) }
    guard needsOrigin else { return }
    HeaderBlock.append(name: RecordOrigin.header, to: &headers) {
      RecordOrigin.encode(
        topic: source.topic, partition: source.partition, offset: record.offset, key: record.key,
        into: &$0)
    }
  }

  /// Sends what has not been sent: a commit holds all of its events.
  func flush(to producer: any LogProducer) throws {
    for (partition, pack) in packs.enumerated() where !pack.isEmpty {
      try pack.flush(to: producer, topic, partition: Int32(partition))
    }
  }

  /// Forgets what has not been sent: it comes again.
  func drop() { for pack in packs { pack.removeAll() } }
}
