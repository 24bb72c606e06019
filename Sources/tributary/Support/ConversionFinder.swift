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
/// The record's own partition is read in full, then the touch topics from as far back as a touch of the
/// conversion can be: seconds for millions of records. One search at a time.
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

  private func revisions(
    of identifier: [UInt8], _ reader: TopicReader
  ) throws -> [PublishedAttribution] {
    let partitions = try reader.partitions(of: [settings.topics.attributions])
    guard !partitions.isEmpty else { return [] }
    let own = identifier.withUnsafeBytes {
      partitions[Int(StandardPartitioner.partition(key: $0, count: Int32(partitions.count)))]
    }
    var revisions: [PublishedAttribution] = []
    try reader.read(through: try reader.ends(of: [own])) { _, record in
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

  /// Touches of the conversion's user, up to twice the look-back before it and as long after it.
  private func touches(
    of conversion: PublishedAttribution, _ reader: TopicReader
  ) throws -> [PublishedAttribution.Touch] {
    let definitions = settings.definitions
    let reach = 2 * max(definitions.lookback, definitions.impressionLookback)
    let range = (conversion.time - reach)...(conversion.time + reach)
    let user = Array(conversion.userID.utf8)
    var touches: [PublishedAttribution.Touch] = []
    for (kind, topic) in [
      (EventKind.impression, settings.topics.impressions), (.click, settings.topics.clicks),
    ] {
      guard let topic else { continue }
      var decoder = EventDecoder(
        kind: kind, currency: definitions.currency, maxFutureSkew: definitions.maxFutureSkew)
      var event = Event(kind: kind, time: 0, eventID: .empty, userID: .empty)
      let partitions = try reader.partitions(of: [topic])
      // An event is accepted only if its record was written later than this.
      let starts = try reader.offsets(
        of: partitions, atOrAfter: range.lowerBound - definitions.maxFutureSkew)
      try reader.read(through: try reader.ends(of: partitions), from: starts) { _, record in
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
    }
    return touches
  }
}
