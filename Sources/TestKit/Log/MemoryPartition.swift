import Kafka

/// The log of one partition: records by offset, with gaps where compaction has been.
final class MemoryPartition {
  /// In the order of their offsets.
  private(set) var records: [MemoryRecord] = []
  /// The offset behind the last record or mark.
  private(set) var end = 0
  /// The oldest offset that was not deleted. Compaction leaves it where it is.
  private(set) var start = 0
  /// What was deleted, for whoever checks what became of it.
  private(set) var deleted: [MemoryRecord] = []
  /// Transactions that are open here, and where each began.
  private var open: [(transaction: MemoryTransaction, first: Int)] = []

  /// The last stable offset: everything before it is decided.
  var stableEnd: Int { open.lazy.map(\.first).min() ?? end }

  /// Whether a transaction is open that wrote before `offset`.
  func isOpen(before offset: Int) -> Bool { open.contains { $0.first < offset } }

  func append(
    key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?, timestamp: Int64,
    headers: [Header], transaction: MemoryTransaction?
  ) {
    if let transaction, !open.contains(where: { $0.transaction === transaction }) {
      open.append((transaction, end))
    }
    records.append(
      MemoryRecord(
        offset: end, key: key, value: value, timestamp: timestamp, headers: headers,
        transaction: transaction))
    end += 1
  }

  /// Marks the end of a transaction that wrote here.
  func close(_ transaction: MemoryTransaction) {
    open.removeAll { $0.transaction === transaction }
    records.append(MemoryRecord(markAt: end))
    end += 1
  }

  /// Ends a transaction of somebody whose records are not looked at: a control record, and nothing else.
  func appendMark() {
    records.append(MemoryRecord(markAt: end))
    end += 1
  }

  /// The index of the first record at or behind `offset`. O(log records).
  func index(of offset: Int) -> Int {
    var low = 0
    var high = records.count
    while low < high {
      let middle = (low + high) / 2
      if records[middle].offset < offset { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Gives up everything before `bound`. Offsets stay.
  func delete(before bound: Int) {
    let bound = min(bound, stableEnd)
    guard bound > start else { return }
    start = bound
    deleted += records[..<index(of: bound)]
    records.removeFirst(index(of: bound))
  }

  /// Cleans the log before `bound` as a broker does: drops aborted records, marks, and what a later
  /// record of the same key replaces; with `dropsTombstones` also the tombstones. Offsets stay.
  func compact(before bound: Int, dropsTombstones: Bool) {
    let bound = min(bound, stableEnd)
    var newest: [[UInt8]: Int] = [:]
    for record in records where record.offset < bound && record.isVisible {
      if let key = record.key { newest[Array(key)] = record.offset }
    }
    records.removeAll { record in
      guard record.offset < bound else { return false }
      guard record.isVisible, let key = record.key else { return true }
      return newest[Array(key)] != record.offset || (dropsTombstones && record.value == nil)
    }
  }
}
