import Cluster
import Kafka

/// Reads partitions of a cluster in memory through.
final class MemoryLogScan: LogScan {
  private let log: MemoryLog
  private let starts: [TopicPartition: Int64]
  private let process: SimulatedProcess
  /// Where the partition that is being read stands.
  private var place: Place?

  private struct Place {
    var name: TopicPartition
    var end: Int
    var since: Int64
    var next = 0
  }

  init(_ log: MemoryLog, from starts: [TopicPartition: Int64], process: SimulatedProcess) {
    self.log = log
    self.starts = starts
    self.process = process
  }

  /// Records of a slice, at most: few, so that much happens between two of them.
  private static let slice = 24

  func read(
    _ name: TopicPartition, limit: Int?, _ body: (Record) throws -> Void
  ) throws -> Bool {
    try log.enter(.readThrough, process)
    let partition = log.partition(name)
    let place =
      place?.name == name ? place! : Place(name: name, end: partition.end, since: log.time)
    self.place = place
    let timeout = 4 * log.timeouts.call
    if limit == nil {
      try log.wait(process, .readThrough, timeout: timeout) {
        !partition.isOpen(before: place.end)
      }
    } else if partition.isOpen(before: place.end) || !log.hasLeader(name) {
      guard log.time - place.since < timeout else {
        throw LogFault.error(.renewProducer, at: .readThrough)
      }
      return false
    }
    var index = partition.index(of: max(place.next, Int(starts[name] ?? 0)))
    var taken = 0
    while index < partition.records.count, partition.records[index].offset < place.end {
      if let limit, taken >= min(limit, MemoryLogScan.slice) { return false }
      let record = partition.records[index]
      index += 1
      taken += 1
      self.place?.next = record.offset + 1
      guard record.isVisible else { continue }
      try log.enter(.readRecord, process)
      try body(record.lent(partition: name.partition))
      index = partition.index(of: record.offset + 1)
    }
    return true
  }

  func close() {}
}
