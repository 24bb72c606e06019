import Attribution
import Codec
import Kafka
import Reporting

/// Finds a user's touches of one kind around a conversion, in the topic they came by.
struct TouchSearch {
  /// Which records are read, by the time that the log gave them.
  enum Reach {
    /// From before a touch of the conversion could be written until after it would be too late.
    case ofItsTime
    case any
  }

  let topic: String
  private let kind: EventKind
  private let definitions: Definitions

  init(_ kind: EventKind, _ topic: String, _ definitions: Definitions) {
    self.kind = kind
    self.topic = topic
    self.definitions = definitions
  }

  /// The touches up to twice the look-back before the conversion and as long after it, as they came.
  func touches(
    of conversion: PublishedAttribution, in partitions: [TopicPartition], _ reach: Reach,
    _ reader: TopicReader
  ) throws -> [PublishedAttribution.Touch] {
    let distance = 2 * max(definitions.lookback, definitions.impressionLookback)
    let range = (conversion.time - distance)...(conversion.time + distance)
    let user = Array(conversion.userID.utf8)
    var decoder = EventDecoder(kind: kind, definitions: definitions)
    var event = Event(kind: kind, time: 0, eventID: .empty, userID: .empty)
    // An event is accepted only if its record was written later than this.
    let starts = try reader.offsets(
      of: partitions, atOrAfter: range.lowerBound - definitions.maxFutureSkew)
    let ends =
      switch reach {
      case .any: try reader.ends(of: partitions)
      case .ofItsTime:
        try reader.offsets(
          of: partitions,
          atOrAfter: range.upperBound + definitions.watermarkDelay + definitions.correctionHorizon)
      }
    var touches: [PublishedAttribution.Touch] = []
    try reader.read(through: ends, from: starts) { _, record in
      defer { decoder.recycle() }
      guard record.key.map({ $0.elementsEqual(user) }) ?? false,
        decoder.decode(record.value, recordTimestamp: record.timestamp, into: &event) == nil,
        range.contains(event.time)
      else { return true }
      touches.append(
        PublishedAttribution.Touch(
          kind: kind, time: event.time, eventID: event.eventID.string,
          campaignID: event.campaignID.string, channel: event.channel.string,
          adID: event.adID.string))
      return true
    }
    return touches
  }
}
