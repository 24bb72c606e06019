import Cluster
import Codec
import Configuration
import Inputs
import Kafka
import Logging
import SQLSink

/// Compares what a database holds with what the topics hold now, before reading goes on.
struct SinkStart {
  private let settings: Configuration
  private let logger: Logger

  init(_ settings: Configuration, logger: Logger) {
    self.settings = settings
    self.logger = logger
  }

  /// Whether the rollups have been started anew since they were read: compaction keeps the last progress record of every
  /// partition, so one that names another epoch, or none where there was one, is of another content.
  func isAnew(_ epochs: [Int32: String]) throws -> Bool {
    guard !epochs.isEmpty else { return false }
    let forms = try PublishedForms(settings)
    let tail = try LogTail(settings, logger: logger)
    defer { tail.close() }
    let partitions = try tail.partitions(of: settings.topics.rollups)
    for partition in partitions {
      guard let known = epochs[partition.partition] else { continue }
      var found: String?
      _ = try tail.last(of: [partition]) { record in
        guard let key = record.key, ProgressCodec.decodeKey(key) == partition.partition,
          let value = record.value
        else { return false }
        found = try forms.progress(value).epoch
        return true
      }
      if found != known { return true }
    }
    return false
  }

  /// Throws where the log of a topic begins behind the position from which it would be read on: what lies between is in
  /// no table.
  func checkBeginnings(of topic: String, _ saved: [Int32: SavedPosition]) throws {
    guard !saved.isEmpty else { return }
    let tail = try LogTail(settings, logger: logger)
    defer { tail.close() }
    let bounds = try tail.bounds(of: try tail.partitions(of: topic))
    for (partition, bound) in bounds.sorted(by: { $0.key < $1.key }) {
      guard let position = saved[partition.partition]?.offset, position < bound.start else {
        continue
      }
      throw OperatorError(
        "\(partition) begins at offset \(bound.start), but the tables have it up to \(position): the records "
          + "between are gone; fill the tables from what is left with --start-again")
    }
  }
}
