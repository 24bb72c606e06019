// Safety: every write lies in room that was reserved for it in the same call.

import Codec
import Inputs
import Kafka

/// Packs records into one message of an internal topic, because what librdkafka does for a message costs more than most
/// records do.
///
/// The message has ``PackKey`` and the largest timestamp of its records, so that a search by time finds each of them.
/// Its value is a version (1 byte) and the number of records (4), then each record: timestamp (8; -1 for none), length of its
/// value (4; `UInt32.max` for none), of its headers (4; 0 for none) and of its key (2), key, value, headers
/// (``HeaderBlock``). Integers are little-endian.
///
/// Allocates nothing per record. For one thread.
package final class PackWriter {
  static let version: UInt8 = 1
  /// Bytes before the first record.
  static let head = 5
  /// Bytes of a record beside its key, value and headers.
  static let recordHead = 18
  static let noValue = UInt32.max

  /// Bytes of a message with one record that have no place in the record.
  package static var overhead: Int { head + recordHead + PackKey.bytes.count }

  /// The message that is being written; in one piece, because every access to an object's fields is checked.
  private struct Pack: ~Copyable {
    var buffer = RecordBuffer(capacity: 1_024)
    var count: UInt32 = 0
    var latest: Int64 = -1

    mutating func removeAll() {
      buffer.removeAll()
      count = 0
      latest = -1
    }
  }

  private let limit: Int
  private var pack = Pack()

  /// - Parameter limit: bytes that a message should have at most. A record that is larger has one of its own.
  package init(limit: Int) { self.limit = limit }

  package var isEmpty: Bool { pack.count == 0 }

  /// Whether the message must be sent before a record is added.
  package func isFull(for key: Int, _ value: Int, _ headers: Int) -> Bool {
    pack.count > 0 && pack.buffer.count + Self.recordHead + key + value + headers > limit
  }

  /// Adds a record behind the others.
  ///
  /// - Parameters:
  ///   - key: of at most 65,535 bytes.
  ///   - timestamp: -1 for none.
  ///   - headers: a block of them; empty for none.
  package func add(
    key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?, timestamp: Int64,
    headers: UnsafeRawBufferPointer
  ) {
    precondition(
      key.count <= Int(UInt16.max), "a key of a record in a pack has two bytes of length")
    Self.add(to: &pack, key, value, timestamp, headers)
  }

  private static func add(
    to pack: inout Pack, _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?,
    _ timestamp: Int64, _ headers: UnsafeRawBufferPointer
  ) {
    if pack.count == 0 {
      let start = UnsafeMutableRawPointer(pack.buffer.reserve(head))
      start.storeBytes(of: version, as: UInt8.self)
      pack.buffer.append(through: UnsafeRawPointer(start + head))
    }
    let valueCount = value?.count ?? 0
    let size = recordHead + key.count + valueCount + headers.count
    var next = UnsafeMutableRawPointer(pack.buffer.reserve(size))
    next.storeBytes(of: timestamp.littleEndian, as: Int64.self)
    let length = value == nil ? noValue : UInt32(valueCount)
    next.storeBytes(of: length.littleEndian, toByteOffset: 8, as: UInt32.self)
    next.storeBytes(of: UInt32(headers.count).littleEndian, toByteOffset: 12, as: UInt32.self)
    next.storeBytes(of: UInt16(key.count).littleEndian, toByteOffset: 16, as: UInt16.self)
    next += recordHead
    copy(key, to: &next)
    if let value { copy(value, to: &next) }
    copy(headers, to: &next)
    pack.buffer.append(through: UnsafeRawPointer(next))
    pack.count += 1
    pack.latest = max(pack.latest, timestamp)
  }

  @inline(__always)
  private static func copy(_ bytes: UnsafeRawBufferPointer, to next: inout UnsafeMutableRawPointer)
  {
    guard let start = bytes.baseAddress else { return }
    next.copyMemory(from: start, byteCount: bytes.count)
    next += bytes.count
  }

  /// Sends the message, if it has a record, and begins another.
  package func flush(
    to producer: any LogProducer, _ topic: String, partition: Int32
  ) throws {
    guard pack.count > 0 else { return }
    // Room that was reserved with the first record.
    UnsafeMutableRawPointer(mutating: pack.buffer.bytes.baseAddress!)
      .storeBytes(of: pack.count.littleEndian, toByteOffset: 1, as: UInt32.self)
    let timestamp = pack.latest < 0 ? nil : pack.latest
    let bytes = pack.buffer.bytes
    try PackKey.bytes.withUnsafeBytes { key in
      try producer.produce(
        topic, partition: partition, key: key, value: bytes, timestamp: timestamp, headers: [])
    }
    removeAll()
  }

  /// Forgets the records that were added and not sent.
  package func removeAll() { pack.removeAll() }
}
