import Attribution
import Codec

/// The attributions topic as its readers see it: the latest revision of every conversion. Checks each
/// record against the ones before it, and its shares against their sums.
struct PublishedAttributions {
  let topic: String
  private let definitions: Definitions
  private(set) var latest: [ByteString: OracleAttribution] = [:]
  /// By conversion.
  private var positions: [ByteString: (revision: Int64, partition: Int32)] = [:]

  init(topic: String, definitions: Definitions) {
    self.topic = topic
    self.definitions = definitions
  }

  /// Takes a record of the topic, in the order of its partition.
  mutating func take(_ record: LoggedRecord, into differences: inout ComparisonResult) {
    let place = record.place(in: topic)
    guard let key = record.key, let value = record.value else {
      differences.expect("absent", toBe: "present", "key and value", of: place.description)
      return
    }
    let attribution: PublishedAttribution
    do { attribution = try AttributionCodec.decode(value) } catch {
      differences.expect("\(error)", toBe: "readable", "record", of: place.description)
      return
    }
    let id = ByteString(attribution.conversionID)
    differences.expect(
      key.elementsEqual(id.text.utf8) ? "its conversion's id" : "another",
      toBe: "its conversion's id",
      "key", of: place.description)
    differences.expect(
      attribution.currency, toBe: definitions.currency, "currency", of: place.description)
    if let before = positions[id] {
      differences.expect(
        Int64(record.partition), toBe: Int64(before.partition), "partition of the key",
        of: place.description)
      if attribution.revision <= before.revision {
        differences.expect(
          "\(attribution.revision)", toBe: "more than \(before.revision)", "revision",
          of: place.description)
      }
    }
    positions[id] = (attribution.revision, record.partition)
    latest[id] = OracleAttribution(attribution, models: definitions.models)
  }

  /// Reports the conversions whose published shares do not add up.
  ///
  /// - Returns: whether all do.
  func expectExactShares(into differences: inout ComparisonResult) -> Bool {
    let before = differences.total
    for id in latest.keys.sorted() {
      guard let attribution = latest[id] else { continue }
      let subject = "conversion \(id.text.debugDescription)"
      if attribution.isDeleted {
        let isWorthNothing = attribution.value == 0 && attribution.touches.isEmpty
        differences.expect(
          isWorthNothing ? "nothing" : "something", toBe: "nothing",
          "worth of what was taken back", of: subject)
      }
      guard !attribution.touches.isEmpty else { continue }
      for (row, model) in definitions.models.enumerated()
      where !attribution.lacks(row, addedAt: definitions.modelStarts[row]) {
        differences.expect(
          sum(attribution.credits[row]), toBe: 1_000_000,
          "sum of credits by \(model.rawValue) (millionths)", of: subject)
        differences.expect(
          sum(attribution.revenues[row]), toBe: Int128(attribution.value),
          "sum of revenue by \(model.rawValue) (micros)", of: subject)
      }
    }
    return differences.total == before
  }

  private func sum(_ shares: [Int64]) -> Int128 { shares.reduce(0) { $0 + Int128($1) } }
}

extension OracleAttribution {
  /// What was published, its rows in the order of `models`; a model that it lacks has none.
  fileprivate init(_ published: PublishedAttribution, models: [Model]) {
    self.init(
      value: published.value, time: published.time, userID: published.userID,
      touches: published.touches.map {
        OracleTouch(
          kind: $0.kind, time: $0.time, eventID: $0.eventID, campaignID: $0.campaignID,
          channel: $0.channel, adID: $0.adID)
      },
      credits: models.map { published.credits[$0.rawValue] ?? [] },
      revenues: models.map { published.revenues[$0.rawValue] ?? [] },
      isTruncated: published.isTruncated, isDeleted: published.isDeleted)
  }
}
