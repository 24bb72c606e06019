// Safety: keys and values are lent for one call and handed on as such.

import Cluster
import Codec
import Configuration
import Inputs
import Logging

/// The attributions topic, from its beginning to where it ends when reading begins: a record after the other, held by
/// nobody.
package struct AttributionTopic {
  private let settings: Configuration
  private let logger: Logger

  package init(_ settings: Configuration, logger: Logger) {
    self.settings = settings
    self.logger = logger
  }

  /// Lends key and value of each record, Avro as JSON, those of a key in the order of the topic; a value of nil deletes
  /// what was there.
  ///
  /// Throws `OperatorError` where there is no such topic, and where `body` cannot read a record: numbers that lack it
  /// would be wrong without saying.
  package func read(
    _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer?) throws -> Void
  ) throws {
    let topic = settings.topics.attributions
    let forms = try PublishedForms(settings)
    let reader = try TopicReader(settings, logger: logger)
    defer { reader.close() }
    let partitions = try reader.partitions(of: [topic])
    guard !partitions.isEmpty else {
      throw OperatorError(
        "missing topic \(topic) at \(settings.bootstrapServers); `tributary topics create` makes it"
      )
    }
    try reader.read(through: try reader.ends(of: partitions)) { partition, record in
      guard let key = record.key else { return true }
      do {
        try forms.withJSON(orNothing: record.value) { try body(key, $0) }
      } catch let error as UnreadableRecord {
        throw OperatorError("record \(record.offset) of \(partition) cannot be read: \(error)")
      }
      return true
    }
  }
}
