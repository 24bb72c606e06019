// Safety: a reader copies the records that it lends into buffers of its own, freed on the next read.

import Kafka
import Pipeline

/// A group member of a cluster in memory. Partitions are spread as `range` does it.
final class MemoryLogConsumer: LogConsumer {
  let group: String
  private(set) var generation = 0
  private unowned let log: MemoryLog
  private var topics: [String] = []
  private var onRebalance: ((Rebalance) -> Void)?
  private var assignment: [TopicPartition] = []
  private var readers: [TopicPartition: MemoryLogReader] = [:]

  init(_ log: MemoryLog, group: String) {
    self.log = log
    self.group = group
    if log.groups[group] == nil { log.groups[group] = MemoryLog.Group() }
  }

  func subscribe(_ topics: [String], onRebalance: @escaping (Rebalance) -> Void) throws {
    self.topics = topics
    self.onRebalance = onRebalance
    log.groups[group]!.members.append(MemoryLog.Member(consumer: self))
    log.groups[group]!.generation += 1
  }

  /// Revokes and takes over when the group has changed. All former owners give up first, as the
  /// eager protocol has it: whoever polls first makes the others give up too.
  func poll() throws {
    guard generation != log.groups[group]!.generation, onRebalance != nil else { return }
    let target = log.groups[group]!.generation
    let members = log.groups[group]!.members.compactMap(\.consumer)
    for member in members where member.generation != target { member.giveUp() }
    for member in members { member.generation = target }
    for member in members { member.takeOver() }
  }

  private func giveUp() {
    if !assignment.isEmpty {
      generation = log.groups[group]!.generation
      onRebalance?(.revoked(assignment))
    }
    assignment = []
    readers = [:]
  }

  private func takeOver() {
    assignment = share()
    for partition in assignment {
      let start = log.groups[group]!.offsets[partition] ?? 0
      readers[partition] = MemoryLogReader(log, partition, start: Int(start))
    }
    onRebalance?(.assigned(assignment))
  }

  private func share() -> [TopicPartition] {
    let members = log.groups[group]!.members
    let rank = members.firstIndex { $0.consumer === self }!
    return topics.flatMap { topic -> [TopicPartition] in
      let count = log.partitions[topic]!.count
      let (each, rest) = count.quotientAndRemainder(dividingBy: members.count)
      let first = rank * each + min(rank, rest)
      return (first..<first + each + (rank < rest ? 1 : 0)).map {
        TopicPartition(topic: topic, partition: Int32($0))
      }
    }
  }

  func wait(milliseconds: Int32) {}
  var waker: @Sendable () -> Void { {} }

  func reader(of partition: TopicPartition) throws -> any LogReader {
    guard let reader = readers[partition] else { throw PipelineError("\(partition) not assigned") }
    return reader
  }

  func endOffsets(_ partitions: [TopicPartition]) throws -> [TopicPartition: Int64] {
    Dictionary(uniqueKeysWithValues: partitions.map { ($0, Int64(log.stableEnd($0))) })
  }

  func startOffsets(_ partitions: [TopicPartition]) throws -> [TopicPartition: Int64] {
    let committed = log.groups[group]!.offsets
    return Dictionary(uniqueKeysWithValues: partitions.map { ($0, committed[$0] ?? 0) })
  }

  func rewind(_ partitions: [TopicPartition]) throws {
    for (partition, start) in try startOffsets(partitions) {
      readers[partition] = MemoryLogReader(log, partition, start: Int(start))
    }
  }

  func close() {
    guard onRebalance != nil else { return }
    giveUp()
    onRebalance = nil
    log.groups[group]!.members.removeAll { $0.consumer === self }
    log.groups[group]!.generation += 1
  }
}

/// Reads one partition of a cluster in memory, a few records at a time.
final class MemoryLogReader: LogReader {
  private static let batchSize = 16

  private unowned let log: MemoryLog
  private let partition: TopicPartition
  private var position: Int
  private var records: [Record] = []
  private var copies: [UnsafeMutableRawBufferPointer] = []
  private(set) var metEnd: Int64?

  init(_ log: MemoryLog, _ partition: TopicPartition, start: Int) {
    self.log = log
    self.partition = partition
    position = start
  }

  deinit { release() }

  func read() throws -> Int {
    release()
    let end = log.stableEnd(partition)
    while position < end && records.count < MemoryLogReader.batchSize {
      log.lend(partition, position) { record in
        records.append(
          Record(
            partition: record.partition, offset: record.offset, timestamp: record.timestamp,
            key: copy(record.key), value: copy(record.value), headers: record.headers()))
      }
      position += 1
    }
    metEnd = position >= end && records.isEmpty ? Int64(position) : nil
    return records.count
  }

  subscript(index: Int) -> Record { records[index] }

  var knownEnd: Int64? { Int64(log.stableEnd(partition)) }

  func release() {
    for copy in copies { copy.deallocate() }
    copies.removeAll()
    records.removeAll()
  }

  private func copy(_ bytes: UnsafeRawBufferPointer?) -> UnsafeRawBufferPointer? {
    guard let bytes else { return nil }
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, bytes.count), alignment: 1)
    copies.append(copy)
    if bytes.count > 0 { copy.copyMemory(from: bytes) }
    return UnsafeRawBufferPointer(start: copy.baseAddress, count: bytes.count)
  }
}
