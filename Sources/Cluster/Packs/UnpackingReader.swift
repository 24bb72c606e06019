// Safety: the entries point into messages of the base's last read, which live until its next; that happens only when
// every message of it has been handed out and `read` is called again.

import Kafka

/// Reads a partition of an internal topic record by record, whatever messages they came in.
///
/// A read brings whole messages, so that whoever stops behind a read stops between two messages.
package final class UnpackingReader: LogReader {
  private struct Entry {
    /// Which message of the base's read it is in.
    let message: Int
    let offset: Int64
    /// In its message.
    let number: Int32
    /// nil where the message is the record.
    let start: UnsafeRawPointer?
  }

  /// Records after which a read brings no further message.
  private static let enough = 256

  private let base: any LogReader
  private let partition: TopicPartition
  private var entries: [Entry] = []
  /// Messages of the base's last read, and how many of them have been handed out.
  private var count = 0
  private var next = 0
  package private(set) var recordsPerMessage = 1.0

  package init(_ base: any LogReader, of partition: TopicPartition) {
    self.base = base
    self.partition = partition
  }

  package func read() throws -> Int {
    entries.removeAll(keepingCapacity: true)
    if next >= count {
      (count, next) = (0, 0)
      count = try base.read()
    }
    let first = next
    while next < count, entries.count < Self.enough { try unpack(base[next]) }
    if next > first { recordsPerMessage = Double(entries.count) / Double(next - first) }
    return entries.count
  }

  private func unpack(_ message: Record) throws {
    var number: Int32 = 0
    let isPack = try PackedRecords.forEachStart(in: message, of: partition) { start in
      entries.append(
        Entry(message: next, offset: message.offset, number: number, start: start))
      number += 1
    }
    if !isPack {
      entries.append(Entry(message: next, offset: message.offset, number: 0, start: nil))
    }
    next += 1
  }

  @inline(__always)
  private func record(_ entry: Entry) -> Record {
    guard let start = entry.start else { return base[entry.message] }
    return PackedRecord(start).record(
      entry.number, in: (partition: partition.partition, offset: entry.offset))
  }

  package subscript(index: Int) -> Record { record(entries[index]) }

  package func visit(count: Int, _ body: (Record) -> Bool) {
    for entry in entries.prefix(count) where !body(record(entry)) { return }
  }

  package func message(_ index: Int) -> Record { base[entries[index].message] }

  /// Not met before all that lies before it has been handed out.
  package var reachedEnd: Int64? { next < count ? nil : base.reachedEnd }
  package var endOffset: Int64? { base.endOffset }
  package var isPaused: Bool { base.isPaused }
}
