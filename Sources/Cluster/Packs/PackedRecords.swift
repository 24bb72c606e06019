// Safety: nothing is looked at outside a message's value: every length is compared with what is left of it before it is
// used, and only what `init` has read through is read again. Valid as long as the message.

import Inputs
import Kafka

/// The records of a message of an internal topic: of a pack all that are in it, else the message itself.
///
/// A pack that is damaged is one record, which no decoder takes for an event.
package struct PackedRecords {
  package let message: Record
  /// Where each begins; none where the message is the record.
  private let starts: [UnsafeRawPointer]

  /// - Throws: an `OperatorError` for a pack of an unknown version.
  package init(_ message: Record, of partition: TopicPartition) throws(OperatorError) {
    self.message = message
    var starts: [UnsafeRawPointer] = []
    _ = try Self.forEachStart(in: message, of: partition) { starts.append($0) }
    self.starts = starts
  }

  /// Calls `body` with where each record of a pack begins, once the whole pack has been looked through.
  ///
  /// - Returns: whether the message is a pack that is whole.
  static func forEachStart(
    in message: Record, of partition: TopicPartition, _ body: (UnsafeRawPointer) -> Void
  ) throws(OperatorError) -> Bool {
    guard PackKey.matches(message.key), let value = message.value, !value.isEmpty else {
      return false
    }
    guard value[0] == PackWriter.version else {
      throw OperatorError(
        "\(partition): the message at offset \(message.offset) has format \(value[0]), which this version does not "
          + "know; run the version that wrote it")
    }
    guard isWhole(value) else { return false }
    var next = value.baseAddress! + PackWriter.head
    let end = value.baseAddress! + value.count
    while next < end {
      body(next)
      next += PackedRecord(next).size
    }
    return true
  }

  /// Whether the value is as many records as it says, and nothing else.
  private static func isWhole(_ value: UnsafeRawBufferPointer) -> Bool {
    guard value.count > PackWriter.head else { return false }
    var count = UInt32(littleEndian: value.loadUnaligned(fromByteOffset: 1, as: UInt32.self))
    var offset = PackWriter.head
    while count > 0 {
      guard value.count - offset >= PackWriter.recordHead else { return false }
      let record = PackedRecord(value.baseAddress! + offset)
      guard value.count - offset >= record.size else { return false }
      if record.headersLength > 0, !HeaderBlock.isWhole(record.headers) { return false }
      offset += record.size
      count -= 1
    }
    return offset == value.count
  }

  /// Calls `body` with each record, lent, until it returns false.
  ///
  /// - Returns: whether it was called with all of them.
  package func visit(while body: (Record) throws -> Bool) rethrows -> Bool {
    guard !starts.isEmpty else { return try body(message) }
    for (number, start) in starts.enumerated() {
      let place = (partition: message.partition, offset: message.offset)
      guard try body(PackedRecord(start).record(Int32(number), in: place)) else { return false }
    }
    return true
  }
}

extension Record {
  /// Calls `body` with each record that a message of an internal topic holds, lent.
  ///
  /// - Throws: an `OperatorError` for a pack of an unknown version, or what `body` throws.
  package func forEachPacked(
    of partition: TopicPartition, _ body: (Record) throws -> Void
  ) throws {
    _ = try PackedRecords(self, of: partition).visit {
      try body($0)
      return true
    }
  }
}

/// One record within a pack.
struct PackedRecord {
  private let start: UnsafeRawPointer

  @inline(__always)
  init(_ start: UnsafeRawPointer) { self.start = start }

  @inline(__always)
  private func integer<Integer: FixedWidthInteger & BitwiseCopyable>(
    _ offset: Int, _: Integer.Type
  ) -> Integer {
    Integer(littleEndian: start.loadUnaligned(fromByteOffset: offset, as: Integer.self))
  }

  @inline(__always)
  private var valueLength: UInt32 { integer(8, UInt32.self) }
  @inline(__always)
  var headersLength: Int { Int(integer(12, UInt32.self)) }
  @inline(__always)
  private var keyLength: Int { Int(integer(16, UInt16.self)) }
  @inline(__always)
  private var valueCount: Int { valueLength == PackWriter.noValue ? 0 : Int(valueLength) }

  /// Bytes that it takes.
  @inline(__always)
  var size: Int { PackWriter.recordHead + keyLength + valueCount + headersLength }

  var headers: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: start + size - headersLength, count: headersLength)
  }

  @inline(__always)
  func record(_ number: Int32, in message: (partition: Int32, offset: Int64)) -> Record {
    let key = start + PackWriter.recordHead
    let value = key + keyLength
    let hasValue = valueLength != PackWriter.noValue
    return Record(
      in: message, number: number, timestamp: integer(0, Int64.self),
      key: UnsafeRawBufferPointer(start: key, count: keyLength),
      value: hasValue ? UnsafeRawBufferPointer(start: value, count: valueCount) : nil,
      headers: headersLength == 0 ? nil : value + valueCount)
  }
}
