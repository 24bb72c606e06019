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

  private let limit: Int
  private var buffer = RecordBuffer(capacity: 1_024)
  private var count: UInt32 = 0
  private var latest: Int64 = -1

  /// - Parameter limit: bytes that a message should have at most. A record that is larger has one of its own.
  package init(limit: Int) { self.limit = limit }

  package var isEmpty: Bool { count == 0 }

  /// Whether the message must be sent before a record is added.
  @inline(__always)
  package func isFull(for key: Int, _ value: Int, _ headers: Int) -> Bool {
    count > 0 && buffer.count + Self.recordHead + key + value + headers > limit
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
    if count == 0 {
      let start = UnsafeMutableRawPointer(buffer.reserve(Self.head))
      start.storeBytes(of: Self.version, as: UInt8.self)
      buffer.append(through: UnsafeRawPointer(start + Self.head))
    }
    let valueCount = value?.count ?? 0
    let size = Self.recordHead + key.count + valueCount + headers.count
    var next = UnsafeMutableRawPointer(buffer.reserve(size))
    next.storeBytes(of: timestamp.littleEndian, as: Int64.self)
    let length = value == nil ? Self.noValue : UInt32(valueCount)
    next.storeBytes(of: length.littleEndian, toByteOffset: 8, as: UInt32.self)
    next.storeBytes(of: UInt32(headers.count).littleEndian, toByteOffset: 12, as: UInt32.self)
    next.storeBytes(of: UInt16(key.count).littleEndian, toByteOffset: 16, as: UInt16.self)
    next += Self.recordHead
    Self.copy(key, to: &next)
    if let value { Self.copy(value, to: &next) }
    Self.copy(headers, to: &next)
    buffer.append(through: UnsafeRawPointer(next))
    count += 1
    latest = max(latest, timestamp)
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
    guard count > 0 else { return }
    // Room that was reserved with the first record.
    UnsafeMutableRawPointer(mutating: buffer.bytes.baseAddress!)
      .storeBytes(of: count.littleEndian, toByteOffset: 1, as: UInt32.self)
    let timestamp = latest < 0 ? nil : latest
    let bytes = buffer.bytes
    try PackKey.bytes.withUnsafeBytes { key in
      try producer.produce(
        topic, partition: partition, key: key, value: bytes, timestamp: timestamp, headers: [])
    }
    removeAll()
  }

  /// Forgets the records that were added and not sent.
  package func removeAll() {
    buffer.removeAll()
    count = 0
    latest = -1
  }
}
