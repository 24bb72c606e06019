import Kafka

/// How much room a record takes in its topic, by the format of Kafka's batches, compression left out.
package enum RecordSize {
  /// Of a batch, beside its records.
  static let batchHead = 61
  /// Of the deltas in one record: so full that another is left to the next.
  package static let fullDeltas = 128 << 10
  /// What a batch may take beside what librdkafka counts, in bytes.
  static let margin = 256
  /// Of a record, beside its key, value and headers: length, attributes, differences of time and offset, lengths
  /// of key and value, number of headers; the longest that each can be.
  private static let recordHead = 5 + 1 + 10 + 5 + 5 + 5 + 5
  /// Of a header, beside its name and value: their lengths.
  private static let headerHead = 5 + 5

  /// Bytes of a batch with this record alone, at most.
  package static func bytes(key: Int, value: Int, headers: [Header]) -> Int {
    headers.reduce(batchHead + recordHead + key + value) { $0 + bytes(of: $1) }
  }

  static func bytes(of header: Header) -> Int {
    headerHead + header.name.utf8.count + (header.value?.count ?? 0)
  }
}
