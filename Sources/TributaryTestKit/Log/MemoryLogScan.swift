import Kafka
import Pipeline

/// Reads partitions of a cluster in memory through.
final class MemoryLogScan: LogScan {
  private let log: MemoryLog
  private let starts: [TopicPartition: Int64]
  private let process: SimulatedProcess

  init(_ log: MemoryLog, from starts: [TopicPartition: Int64], process: SimulatedProcess) {
    self.log = log
    self.starts = starts
    self.process = process
  }

  func readThrough(_ name: TopicPartition, _ body: (Record) throws -> Void) throws {
    try log.enter(.readThrough, process)
    let partition = log.partition(name)
    let end = partition.end
    try log.wait(process, .readThrough, patience: 4 * log.timeouts.call) {
      !partition.isOpen(before: end)
    }
    var index = partition.index(of: Int(starts[name] ?? 0))
    while index < partition.records.count, partition.records[index].offset < end {
      let record = partition.records[index]
      index += 1
      guard record.isVisible else { continue }
      try log.enter(.readRecord, process)
      try body(record.lent(partition: name.partition))
    }
  }

  func close() {}
}
