import Cluster
import Codec
import Kafka

/// An event that was refused as one of the future.
enum RefusedEvent {
  /// Where the record of a dead letter came from; nil unless it was refused as an event of the future.
  static func source(of deadLetter: Record) -> (partition: TopicPartition, place: RecordPlace)? {
    let headers = deadLetter.headers()
    func text(_ name: String) -> String? {
      headers.last { $0.name == name }?.value.map { String(decoding: $0, as: UTF8.self) }
    }
    guard text("reason") == RejectionReason.futureEvent.rawValue, let topic = text("source_topic"),
      let partition = text("source_partition").flatMap({ Int32($0) }),
      let offset = text("source_offset").flatMap({ Int64($0) })
    else { return nil }
    let number = text(SideHeaders.sourceNumber).flatMap { Int32($0) } ?? 0
    return (
      TopicPartition(topic: topic, partition: partition),
      RecordPlace(offset: offset, number: number)
    )
  }
}
