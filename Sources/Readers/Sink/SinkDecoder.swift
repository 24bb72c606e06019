import Attribution
import Cluster
import Codec
import Configuration
import Inputs
import Kafka
import Reporting
import SQLSink

/// Reads the records of which a set of tables consists.
struct SinkDecoder {
  /// The topics that are read. The rollups are always among them: they hold how far windows are final, and the epochs.
  let topics: [String]
  private let settings: Configuration
  private let tables: TableSet
  private let rollups: RollupsRecordReader
  private let accepted: AcceptedReader
  /// Rollups and attributions may be Avro.
  private let forms: PublishedForms

  init(_ settings: Configuration, _ tables: TableSet) throws {
    forms = try PublishedForms(settings)
    self.settings = settings
    self.tables = tables
    var definitions = settings.definitions
    if tables == .adMetrics { definitions.views = definitions.adHourView.map { [$0] } ?? [] }
    if tables == .star { definitions.views = [] }
    rollups = RollupsRecordReader(definitions: definitions)
    accepted = AcceptedReader(definitions: settings.definitions)
    let names = settings.topics
    topics =
      switch tables {
      case .rollups: [names.rollups, names.attributions]
      case .adMetrics: [names.rollups] + (names.accepted.map { [$0] } ?? [])
      case .star: [names.rollups, names.attributions] + (names.accepted.map { [$0] } ?? [])
      }
  }

  /// Adds what a record changes.
  func take(_ record: Record, of topic: String, into batch: inout SinkBatch) throws {
    if topic == settings.topics.rollups {
      try forms.withJSON(orNothing: record.value) {
        batch.add(try rollups.read(key: record.key, value: $0))
      }
    } else if topic == settings.topics.attributions {
      guard let key = record.key else { return }
      let attribution = try record.value.map { try forms.attribution($0) }
      batch.add(attribution, of: Array(key))
    } else if let value = record.value {
      batch.add(try accepted.read(value))
    }
  }

  /// What a record of the rollups calls the content of its partition; nil for other records.
  func epoch(in record: Record, of topic: String) throws -> (partition: Int32, epoch: String)? {
    guard topic == settings.topics.rollups, let key = record.key, let value = record.value,
      let partition = ProgressCodec.decodeKey(key),
      let epoch = try forms.progress(value).epoch
    else { return nil }
    return (partition, epoch)
  }
}
