import Attribution
import Cluster
import Configuration
import Logging
import Reporting

/// Looks at the last records of the rollups topic for the newest window, so that a reader of the newest windows need
/// not decode all the older ones on its way.
enum NewestWindow {
  /// Of so many offsets before the end of a partition.
  private static let length: Int64 = 1_000

  /// The start of the newest window of a view among them; nil where none of them is of the view. There may be newer
  /// ones further back.
  static func near(
    endOf view: View, _ configuration: Configuration, logger: Logger
  ) throws -> Milliseconds? {
    let reader = try TopicReader(configuration, logger: logger)
    defer { reader.close() }
    let keys = RollupsRecordReader(definitions: configuration.definitions)
    let ends = try reader.ends(of: try reader.partitions(of: [configuration.topics.rollups]))
    var newest: Milliseconds?
    try reader.read(through: ends, from: ends.mapValues { max(0, $0 - length) }) { _, record in
      if record.value != nil, let key = record.key, let start = keys.windowStart(ofKey: key) {
        newest = max(newest ?? start, start)
      }
      return true
    }
    return newest
  }
}
