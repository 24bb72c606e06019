import Attribution
import Kafka

/// Which record was read last of an input: what a topic that was made anew cannot have at that place.
public struct RecordFingerprint: Hashable, Sendable {
  public var offset: Int64
  public var timestamp: Int64
  /// Of key and value.
  public var hash: UInt64

  public init(offset: Int64, timestamp: Int64, hash: UInt64) {
    self.offset = offset
    self.timestamp = timestamp
    self.hash = hash
  }

  public init(_ record: Record) {
    offset = record.offset
    timestamp = record.timestamp
    let key = record.key ?? UnsafeRawBufferPointer(start: nil, count: 0)
    let value = record.value ?? UnsafeRawBufferPointer(start: nil, count: 0)
    let seed = Hash128(fingerprintOf: BorrowedBytes(key), seed: key.isEmpty ? 0 : 1).high
    hash = Hash128(fingerprintOf: BorrowedBytes(value), seed: seed).high
  }
}
