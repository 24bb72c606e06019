import Attribution
import Codec
import Configuration
import Dashboard
import Foundation
import Kafka
import Logging
import Pipeline
import Reporting
import Synchronization

/// Looks up how a conversion came about, in the topics themselves.
///
/// Keys say which partition to read: the conversion's id that of its record, the user's that of the
/// touches, there only the time in which a touch of the conversion can have come. Only when nothing is
/// found there (a topic got more partitions, or another partitioner wrote it) the others are read as
/// well. One search at a time.
final class ConversionFinder: ConversionSource {
  private let settings: Configuration
  private let logger: Logger
  private let isSearching = Mutex(false)

  init(_ settings: Configuration, logger: Logger) {
    self.settings = settings
    self.logger = logger
  }

  func story(of conversionID: String) throws -> ConversionStory? {
    try isSearching.withLock { _ in
      do { return try search(conversionID) } catch {
        logger.warning("looking for a conversion failed: \(error)")
        throw error
      }
    }
  }

  private func search(_ conversionID: String) throws -> ConversionStory? {
    let reader = try TopicReader(settings, logger: logger)
    defer { reader.close() }
    let revisions = try revisions(of: Array(conversionID.utf8), reader)
    guard let current = revisions.last else { return nil }
    return ConversionStory(
      revisions: revisions, touches: try touches(of: current, reader), settings.definitions)
  }

  /// Searches the partition that a key belongs to, and the others only if nothing is found.
  private func firstFound<Found>(
    _ key: [UInt8], _ topic: String, _ reader: TopicReader,
    _ search: ([TopicPartition]) throws -> [Found]
  ) throws -> [Found] {
    let partitions = try reader.partitions(of: [topic])
    guard !partitions.isEmpty else { return [] }
    let own = key.withUnsafeBytes {
      partitions[Int(StandardPartitioner.partition(key: $0, count: Int32(partitions.count)))]
    }
    let found = try search([own])
    return found.isEmpty ? try search(partitions.filter { $0 != own }) : found
  }

  private func revisions(
    of identifier: [UInt8], _ reader: TopicReader
  ) throws -> [PublishedAttribution] {
    try firstFound(identifier, settings.topics.attributions, reader) { partitions in
      var revisions: [PublishedAttribution] = []
      try reader.read(through: try reader.ends(of: partitions)) { _, record in
        guard let key = record.key, key.elementsEqual(identifier) else { return true }
        if let value = record.value {
          revisions.append(try AttributionCodec.decode(value))
        } else {
          revisions.removeAll()
        }
        return true
      }
      return revisions
    }
  }

  /// Touches of the conversion's user, up to twice the look-back before it and as long after it.
  private func touches(
    of conversion: PublishedAttribution, _ reader: TopicReader
  ) throws -> [PublishedAttribution.Touch] {
    let definitions = settings.definitions
    let reach = 2 * max(definitions.lookback, definitions.impressionLookback)
    let range = (conversion.time - reach)...(conversion.time + reach)
    let user = Array(conversion.userID.utf8)
    return try [
      (EventKind.impression, settings.topics.impressions), (.click, settings.topics.clicks),
    ].flatMap { kind, topic -> [PublishedAttribution.Touch] in
      guard let topic else { return [] }
      return try firstFound(user, topic, reader) { partitions in
        try touches(of: user, kind, in: range, partitions, reader)
      }
    }
  }

  private func touches(
    of user: [UInt8], _ kind: EventKind, in range: ClosedRange<Milliseconds>,
    _ partitions: [TopicPartition], _ reader: TopicReader
  ) throws -> [PublishedAttribution.Touch] {
    let definitions = settings.definitions
    var decoder = EventDecoder(
      kind: kind, currency: definitions.currency, maxFutureSkew: definitions.maxFutureSkew)
    var event = Event(kind: kind, time: 0, eventID: .empty, userID: .empty)
    // An event is accepted only if its record was written later than this …
    let starts = try reader.offsets(
      of: partitions, atOrAfter: range.lowerBound - definitions.maxFutureSkew)
    // … and, as a rule, earlier than this. An exception that earned credit is in the record.
    let ends = try reader.offsets(
      of: partitions,
      atOrAfter: range.upperBound + definitions.allowedLateness + definitions.correctionHorizon)
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
