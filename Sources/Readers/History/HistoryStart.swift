import Cluster
import Codec
import Configuration
import Kafka
import Logging

/// Compares what a history holds with what the topic holds now, before reading goes on.
struct HistoryStart {
  private let settings: Configuration
  private let logger: Logger

  init(_ settings: Configuration, logger: Logger) {
    self.settings = settings
    self.logger = logger
  }

  /// How many partitions the topic has, and why reading cannot go on at these positions, if it cannot.
  func check(
    _ positions: [Int32: HistoryPosition]
  ) throws -> (partitionCount: Int, obstacle: String?) {
    let tail = try LogTail(settings, logger: logger)
    defer { tail.close() }
    let partitions = try tail.partitions(of: settings.topics.rollups)
    guard !positions.isEmpty else { return (partitions.count, nil) }
    guard positions.keys.allSatisfy({ $0 < partitions.count }) else {
      return (partitions.count, "the topic had more partitions")
    }
    for (partition, bound) in try tail.bounds(of: partitions).sorted(by: { $0.key < $1.key }) {
      guard let offset = positions[partition.partition]?.offset else { continue }
      if offset > bound.end {
        return (partitions.count, "\(partition) ends before offset \(offset)")
      }
      if offset < bound.start && offset > 0 {
        return (partitions.count, "\(partition) begins behind offset \(offset)")
      }
    }
    let epochs = positions.compactMapValues(\.epoch)
    let isAnew = try SinkStart(settings, logger: logger).isAnew(epochs)
    return (partitions.count, isAnew ? "the topic was started anew" : nil)
  }
}
