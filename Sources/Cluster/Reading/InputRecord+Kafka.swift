import Inputs
import Kafka

extension InputRecord {
  /// Lends what a record of Kafka's lends.
  package init(_ record: Record, withHeaders: Bool = false) {
    self.init(
      partition: record.partition, offset: record.offset, timestamp: record.timestamp,
      key: record.key, value: record.value,
      headers: withHeaders ? record.headers().map { (name: $0.name, value: $0.value) } : [],
      number: record.place.number)
  }
}
