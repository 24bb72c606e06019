import Attribution
import Codec

/// The deduped stream as its readers see it: every event that counted, once, with its fields as they came.
struct AcceptedStream {
  /// Which event: of one id every version counts once at most.
  private struct Identity: Hashable {
    var kind: EventKind
    var id: ByteString
    var version: Int32
  }

  private struct Entry {
    var event: OracleEvent
    var isReplacement: Bool
    var place: LogPlace
    var isMatched = false
  }

  let topic: String
  private var entries: [Identity: Entry] = [:]
  private var decoders: [EventDecoder]
  /// Events that counted and are not in it.
  private(set) var missing = 0

  init(topic: String, definitions: Definitions) {
    self.topic = topic
    decoders = EventKind.allCases.map {
      EventDecoder(
        kind: $0, definitions: definitions.withoutPseudonyms, maxFutureSkew: .max)
    }
  }

  /// Takes a record of the topic.
  mutating func take(_ record: LoggedRecord, into differences: inout ComparisonResult) {
    let place = record.place(in: topic)
    guard let value = record.value, let labels = try? AcceptedLabels(value) else {
      differences.expect("unreadable", toBe: "readable", "record", of: place.description)
      return
    }
    let kind = labels.kind
    var event = Event(kind: kind, time: 0, eventID: .empty, userID: .empty)
    decoders[Int(kind.rawValue)].recycle()
    if let rejection = decoders[Int(kind.rawValue)].decode(
      value, recordTimestamp: -1, into: &event)
    {
      differences.expect(
        rejection.reason.rawValue, toBe: "an event", "record", of: place.description)
      return
    }
    let owner = kind == .cost ? event.campaignID : event.userID
    differences.expect(
      record.key?.elementsEqual(owner.buffer) ?? false ? "its owner" : "another",
      toBe: "its owner", "key", of: place.description)
    let identity = Identity(
      kind: kind, id: ByteString(event.eventID), version: event.version)
    if let other = entries[identity] {
      differences.expect(
        "also at \(other.place)", toBe: "there once", "event", of: place.description)
      return
    }
    entries[identity] = Entry(
      event: OracleEvent(event), isReplacement: labels.replaces != nil, place: place)
  }

  /// Looks for an event that counted.
  mutating func match(
    _ event: Event, isReplacement: Bool, _ place: LogPlace, _ differences: inout ComparisonResult
  ) {
    let identity = Identity(
      kind: event.kind, id: ByteString(event.eventID), version: event.version)
    guard let found = entries[identity] else {
      missing += 1
      return
    }
    entries[identity]?.isMatched = true
    differences.expect(
      found.event.isSame(as: OracleEvent(event)) ? "the same" : "others", toBe: "the same",
      "fields of the event at \(found.place)", of: place.description)
    differences.expect(
      "\(found.isReplacement)", toBe: "\(isReplacement)", "whether \(found.place) replaces another",
      of: place.description)
  }

  /// Reports the records for which no event was seen.
  ///
  /// - Returns: how many records there are, and how many events are missing.
  func finish(into differences: inout ComparisonResult) -> (records: Int, missing: Int) {
    for entry in entries.values where !entry.isMatched {
      differences.expect(
        "no such event among those that counted", toBe: "an event", "record",
        of: entry.place.description)
    }
    return (entries.count, missing)
  }
}

extension OracleEvent {
  /// Whether every field is the same, names by their bytes.
  func isSame(as other: OracleEvent) -> Bool {
    let names = [eventID, userID, campaignID, channel, adID, sessionID].map { ByteString($0) }
    let others = [
      other.eventID, other.userID, other.campaignID, other.channel, other.adID, other.sessionID,
    ].map { ByteString($0) }
    return kind == other.kind && time == other.time && amount == other.amount && names == others
      && version == other.version && isDeleted == other.isDeleted
      && originalTime == other.originalTime
      && [dimensions, conversionDimensions, matchOn].map { $0.map { ByteString($0) } }
        == [other.dimensions, other.conversionDimensions, other.matchOn].map {
          $0.map { ByteString($0) }
        }
  }
}
