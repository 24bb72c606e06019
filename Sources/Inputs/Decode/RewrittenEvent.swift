import Attribution
import Codec

/// A record that was written in our own form with pseudonyms, in the place of one that came with user ids.
///
/// With `pseudonymize`, late events are kept so: what waits for a backfill names nobody either.
public enum RewrittenEvent {
  /// The header by which it is told from a record as it came. Records lose their own headers when they are rewritten.
  public static let header = "pseudonymized"
}

extension InputDecoder {
  /// Decoders of rewritten events, by kind: their pseudonyms are not replaced again.
  static func rewrittenDecoders(_ definitions: Definitions) -> [EventDecoder] {
    guard definitions.pseudonymKey != nil else { return [] }
    return EventKind.allCases.map {
      EventDecoder(kind: $0, definitions: definitions.withoutPseudonyms, maxFutureSkew: .max)
    }
  }

  /// Decodes a rewritten event; nil for a record as it came.
  mutating func decodeRewritten(_ record: InputRecord, into event: inout Event) -> Reading? {
    guard !rewritten.isEmpty,
      record.headers.contains(where: { $0.name == RewrittenEvent.header }),
      let value = record.value, let labels = try? AcceptedLabels(value)
    else { return nil }
    let kind = Int(labels.kind.rawValue)
    let rejection = rewritten[kind].decode(
      value, recordTimestamp: record.timestamp, into: &event)
    return rejection.map { .rejected($0) } ?? .event
  }
}
