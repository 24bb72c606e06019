import Attribution
import Configuration
import Traffic

/// Records as another producer has them: several kinds in one topic, our fields beneath `payload`, and records between them
/// that are nobody's.
package struct ForeignForm: Sendable {
  /// The kinds that share the topic; all others have theirs.
  package var kinds: [EventKind]

  package static let topic = "ad-events"

  package init(kinds: [EventKind] = EventKind.allCases) { self.kinds = kinds }

  /// What to configure.
  package func inputs(_ definitions: Definitions) -> [InputEntry] {
    var configuration = Configuration()
    configuration.definitions = definitions
    return EventKind.allCases.compactMap { kind in
      guard kinds.contains(kind) else {
        return configuration.topics.input(of: kind).map {
          InputEntry(kind: kind, source: .topic($0))
        }
      }
      var entry = InputEntry(kind: kind, source: .topic(Self.topic))
      entry.conditions = [
        FieldCondition(
          path: .value([.name("meta"), .name("type")]), values: ["\(kind)", "\(kind)-v2"])
      ]
      entry.fields = configuration.fieldNames(of: kind).map {
        MappedField(
          name: $0, source: FieldSource(paths: [.value([.name("payload"), .name($0)])]))
      }
      return entry
    }
  }

  /// The record in this form.
  package func value(of record: GeneratedRecord) -> [UInt8] {
    guard kinds.contains(record.kind) else { return record.value }
    return Array("{\"meta\":{\"type\":\"\(record.kind)\"},\"payload\":".utf8) + record.value
      + Array("}".utf8)
  }

  /// A record that is nobody's.
  package static let noise = Array(#"{"meta":{"type":"page"},"payload":{"event_id":"p"}}"#.utf8)
}
