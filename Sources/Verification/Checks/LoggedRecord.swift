import Attribution
import Inputs

/// A record as the log holds it, of an input or of an output. Knows no Kafka, so that tests can make some.
public typealias LoggedRecord = InputRecord

extension InputRecord {
  func place(in topic: String) -> LogPlace {
    LogPlace(topic: topic, partition: partition, offset: offset)
  }

  /// Of several headers of one name the last: those before it came with the record.
  func header(_ name: String) -> String? {
    headers.last { $0.name == name }?.value.map { String(decoding: $0, as: UTF8.self) }
  }
}

/// Where a record is, as differences name it.
struct LogPlace: Sendable, CustomStringConvertible {
  var topic: String
  var partition: Int32
  var offset: Int64

  var description: String { "\(topic)[\(partition)] offset \(offset)" }
}

/// What tells whether two records have the same key and value, without keeping their bytes.
///
/// The hash is the standard library's, under a key drawn for this process; two that differ are taken
/// for equal once in 2^64.
struct Fingerprint: Equatable {
  private struct Part: Equatable {
    var count: Int
    var hash: Int

    init(_ bytes: UnsafeRawBufferPointer) {
      var hasher = Hasher()
      hasher.combine(bytes: bytes)
      count = bytes.count
      hash = hasher.finalize()
    }
  }

  private let key: Part?
  private let value: Part?

  init(_ record: LoggedRecord) {
    key = record.key.map { Part($0) }
    value = record.value.map { Part($0) }
  }
}
