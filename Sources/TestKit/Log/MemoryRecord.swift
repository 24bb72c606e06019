// Safety: a record owns the bytes that it lends; they are freed with it and never changed.

import Kafka

/// A record of a cluster in memory, or a transaction's mark. Its bytes stay where they are, so that
/// they can be lent without a copy for as long as somebody holds the record.
final class MemoryRecord {
  let offset: Int
  let timestamp: Int64
  let headers: [Header]
  let transaction: MemoryTransaction?
  let isMark: Bool
  let key: UnsafeRawBufferPointer?
  let value: UnsafeRawBufferPointer?
  private let bytes: UnsafeMutableRawBufferPointer

  init(
    offset: Int, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?, timestamp: Int64,
    headers: [Header], transaction: MemoryTransaction?
  ) {
    self.offset = offset
    self.timestamp = timestamp
    self.headers = headers
    self.transaction = transaction
    isMark = false
    let keyCount = key?.count ?? 0
    let valueCount = value?.count ?? 0
    bytes = .allocate(byteCount: max(1, keyCount + valueCount), alignment: 1)
    if let key { bytes.copyMemory(from: key) }
    if let value, valueCount > 0 {
      UnsafeMutableRawBufferPointer(rebasing: bytes[keyCount...]).copyMemory(from: value)
    }
    self.key = key == nil ? nil : UnsafeRawBufferPointer(rebasing: bytes[..<keyCount])
    self.value =
      value == nil
      ? nil : UnsafeRawBufferPointer(rebasing: bytes[keyCount..<keyCount + valueCount])
  }

  /// A transaction's mark.
  init(markAt offset: Int) {
    self.offset = offset
    timestamp = -1
    headers = []
    transaction = nil
    isMark = true
    key = nil
    value = nil
    bytes = .allocate(byteCount: 1, alignment: 1)
  }

  deinit { bytes.deallocate() }

  /// Whether a reader of committed records sees it.
  var isVisible: Bool {
    !isMark && (transaction == nil || transaction!.outcome == .committed)
  }

  /// Valid while somebody holds this.
  func lent(partition: Int32) -> Record {
    Record(
      partition: partition, offset: Int64(offset), timestamp: timestamp, key: key, value: value,
      headers: headers)
  }
}
