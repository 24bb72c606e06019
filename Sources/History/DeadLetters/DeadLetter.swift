// Safety: a dead letter lends bytes of its record, for one call.

import Attribution
import Cluster
import Configuration
import Kafka
import Pipeline

/// A record that could not be used, as the dead letters have it.
public struct DeadLetter {
  /// Where it is among the dead letters.
  public var place: TopicPartition
  public var offset: Int64
  /// The timestamp that it came with, in milliseconds; nil for none.
  public var time: Milliseconds?
  public var reason: String
  /// The field at fault, if it is one.
  public var field: String?
  /// What is wrong, without the value; nil in records of former versions.
  public var detail: String?
  /// Where it came from.
  public var source: TopicPartition
  public var sourceOffset: Int64
  /// The length of the value that it came with, where it has lost something to fit its topic.
  public var cut: Int?
  /// As it came, or what is left of it.
  public var key: UnsafeRawBufferPointer?
  public var value: UnsafeRawBufferPointer?
  /// Those that it came with.
  public var headers: [Header]

  /// - Returns: nil for a record that is no dead letter of ours.
  init?(_ record: Record, topic: String) {
    let all = record.headers()
    // A record may have brought headers of these names with it; ours come behind.
    guard let first = all.lastIndex(where: { $0.name == SideHeaders.reason }) else { return nil }
    let ours = all[first...]
    func text(_ name: String) -> String? {
      ours.first { $0.name == name }?.value.map { String(decoding: $0, as: UTF8.self) }
    }
    guard let reason = text(SideHeaders.reason), let source = text(SideHeaders.sourceTopic),
      let partition = text(SideHeaders.sourcePartition).flatMap({ Int32($0) }),
      let offset = text(SideHeaders.sourceOffset).flatMap({ Int64($0) })
    else { return nil }
    self.reason = reason
    field = text(SideHeaders.field)
    detail = text(SideHeaders.detail)
    self.source = TopicPartition(topic: source, partition: partition)
    sourceOffset = offset
    cut = text(FittedRecord.cutHeader).flatMap { Int($0) }
    place = TopicPartition(topic: topic, partition: record.partition)
    self.offset = record.offset
    time = record.timestamp < 0 ? nil : record.timestamp
    key = record.key
    value = record.value
    headers = Array(all[..<first])
  }
}

/// Which dead letters are meant.
public struct DeadLetterFilter: Sendable {
  public var reason: String?
  /// The topic that they came from.
  public var topic: String?
  /// Not those whose records are older, in milliseconds.
  public var since: Milliseconds?

  public init(reason: String? = nil, topic: String? = nil, since: Milliseconds? = nil) {
    self.reason = reason
    self.topic = topic
    self.since = since
  }

  func contains(_ letter: DeadLetter) -> Bool {
    reason.map { $0 == letter.reason } ?? true
      && topic.map { $0 == letter.source.topic } ?? true
      && since.map { $0 <= letter.time ?? .min } ?? true
  }
}
