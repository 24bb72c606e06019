import Cluster
import Kafka

/// Reads one partition of a cluster in memory, a few records at a time.
final class MemoryLogReader: LogReader {
  private static let batchSize = 32

  private let log: MemoryLog
  private let name: TopicPartition
  private let partition: MemoryPartition
  private let process: SimulatedProcess
  private(set) var position: Int
  private var batch: [MemoryRecord] = []
  private var isClosed = false
  private(set) var reachedEnd: Int64?
  private(set) var endOffset: Int64?

  init(_ log: MemoryLog, _ name: TopicPartition, start: Int, process: SimulatedProcess) {
    self.log = log
    self.name = name
    self.process = process
    partition = log.partition(name)
    position = start
  }

  func read() throws -> Int {
    try process.check()
    batch.removeAll(keepingCapacity: true)
    reachedEnd = nil
    guard !isClosed else { return 0 }
    try log.enter(.read, process)
    guard log.hasLeader(name) else { return 0 }
    guard position >= partition.start, position <= partition.end else {
      throw LogFault.offsetGone(name, position)
    }
    let end = partition.stableEnd
    var index = partition.index(of: position)
    while index < partition.records.count, batch.count < MemoryLogReader.batchSize {
      let record = partition.records[index]
      guard record.offset < end else { break }
      if record.isVisible { batch.append(record) }
      position = record.offset + 1
      index += 1
    }
    if batch.count < MemoryLogReader.batchSize {
      position = max(position, end)
      reachedEnd = Int64(end)
    }
    endOffset = Int64(end)
    return batch.count
  }

  subscript(index: Int) -> Record { batch[index].lent(partition: name.partition) }

  /// The partition has been given up: nothing comes any more.
  func close() { isClosed = true }
}
