import Attribution
import Inputs
import Kafka

/// Which record was read last of an input: what a topic that was made anew cannot have at that place.
public struct RecordFingerprint: Hashable, Sendable {
  public var offset: Int64
  public var timestamp: Int64
  /// Of key and value; of a pack, the value's first bytes.
  public var hash: UInt64

  /// Bytes of a pack that tell it from every other: what is hashed of each message of an input must not cost what its
  /// records do.
  private static let headOfPack = 1_024

  public init(offset: Int64, timestamp: Int64, hash: UInt64) {
    self.offset = offset
    self.timestamp = timestamp
    self.hash = hash
  }

  public init(_ record: Record) {
    offset = record.offset
    timestamp = record.timestamp
    let key = record.key ?? UnsafeRawBufferPointer(start: nil, count: 0)
    var value = record.value ?? UnsafeRawBufferPointer(start: nil, count: 0)
    if PackKey.matches(record.key) {
      value = UnsafeRawBufferPointer(rebasing: value.prefix(Self.headOfPack))
    }
    let seed = Hash128(fingerprintOf: BorrowedBytes(key), seed: key.isEmpty ? 0 : 1).high
    hash = Hash128(fingerprintOf: BorrowedBytes(value), seed: seed).high
  }
}
