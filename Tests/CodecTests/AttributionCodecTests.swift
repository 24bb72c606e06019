// Safety: the rows and names of a conversion are used only inside the closures that lend them.

import Attribution
import Testing

@testable import Codec

@Suite("Attribution records")
struct AttributionCodecTests {
  /// The example of the contract.
  private static let published = PublishedAttribution(
    conversionID: "v-1", userID: "u-1", time: 1_767_571_570_250, value: 59_900_000,
    currency: "EUR",
    touches: [
      PublishedAttribution.Touch(
        kind: .click, time: 1_767_571_262_000, eventID: "k-9", campaignID: "c-7",
        channel: "email")
    ],
    credits: ["last_touch": [1_000_000]], revenues: ["last_touch": [59_900_000]], revision: 1)

  private static let text =
    #"{"conversion_id":"v-1","user_id":"u-1","event_time":"2026-01-05T00:06:10.250Z","#
    + #""value":"59.900000","currency":"EUR","touches":[{"event_id":"k-9","kind":"click","#
    + #""event_time":"2026-01-05T00:01:02.000Z","campaign_id":"c-7","channel":"email","#
    + #""ad_id":""}],"credit":{"last_touch":["1.000000"]},"#
    + #""revenue":{"last_touch":["59.900000"]},"revision":1}"#

  /// However names are chosen and whatever the models: `Configuration.largestRecord` and the topic's limit.
  @Test("The largest attribution is smaller than 16 MiB")
  func largest() throws {
    // 128 control characters, each of which JSON writes as six.
    let name = String(repeating: "\u{1}", count: EventDecoder.maximumNameLength)
    let touch = PublishedAttribution.Touch(
      kind: .impression, time: 1_767_571_262_000, eventID: name, campaignID: name, channel: name,
      adID: name)
    let count = Definitions.mostTouches
    let models = Model.allCases
    let shares = Dictionary(
      uniqueKeysWithValues: models.map {
        ($0.rawValue, [Micros](repeating: Money.largest, count: count))
      })
    let published = PublishedAttribution(
      conversionID: name, userID: name, time: 1_767_571_570_250, value: Money.largest,
      currency: "EUR", touches: Array(repeating: touch, count: count), credits: shares,
      revenues: shares, revision: .max)
    let size = encode(published, models: models).count
    #expect(size < 16 << 20, "\(size)")
    #expect(size > 12 << 20, "the limit could be higher: \(size)")
  }

  @Test("A conversion that was taken back says so, before its credit")
  func deleted() throws {
    var published = Self.published
    published.isDeleted = true
    let text = String(decoding: encode(published, models: [.lastTouch]), as: UTF8.self)
    #expect(text == Self.text.replacing(#"],"credit":"#, with: #"],"deleted":true,"credit":"#))
    #expect(try AttributionCodec.decode(Array(text.utf8)) == published)
    #expect(try AttributionCodec.decode(Array(Self.text.utf8)).isDeleted == false)
  }

  @Test("A conversion with more touches than count says so, before its credit")
  func truncated() throws {
    var published = Self.published
    published.isTruncated = true
    let text = String(decoding: encode(published, models: [.lastTouch]), as: UTF8.self)
    #expect(text == Self.text.replacing(#"],"credit":"#, with: #"],"truncated":true,"credit":"#))
    #expect(try AttributionCodec.decode(Array(text.utf8)) == published)
    #expect(try AttributionCodec.decode(Array(Self.text.utf8)).isTruncated == false)
  }

  /// The record of a conversion, whose names this lends from `published`.
  private func encode(_ published: PublishedAttribution, models: [Model]) -> [UInt8] {
    var owned: [UnsafeMutableBufferPointer<UInt8>] = []
    defer {
      for memory in owned { memory.deallocate() }
    }
    func lend(_ text: String) -> BorrowedBytes {
      let memory = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: text.utf8.count + 1)
      _ = memory.initialize(from: text.utf8)
      owned.append(memory)
      return BorrowedBytes(start: memory.baseAddress!, count: text.utf8.count)
    }
    let touches = published.touches.map {
      CreditedTouch(
        kind: $0.kind, time: $0.time, eventID: lend($0.eventID), campaignID: lend($0.campaignID),
        channel: lend($0.channel), adID: lend($0.adID))
    }
    let credits = models.flatMap { published.credits[$0.rawValue] ?? [] }
    let revenues = models.flatMap { published.revenues[$0.rawValue] ?? [] }
    var output: [UInt8] = []
    touches.withUnsafeBufferPointer { touches in
      credits.withUnsafeBufferPointer { credits in
        revenues.withUnsafeBufferPointer { revenues in
          let conversion = CreditedConversion(
            conversionID: lend(published.conversionID), userID: lend(published.userID),
            time: published.time, value: published.value, revision: published.revision,
            touches: touches, credits: credits, revenues: revenues,
            isTruncated: published.isTruncated, isDeleted: published.isDeleted)
          AttributionCodec.encode(
            conversion, models: models, currency: published.currency, into: &output)
        }
      }
    }
    return output
  }

  @Test("The record is the contract's, byte for byte")
  func example() throws {
    let bytes = encode(Self.published, models: [.lastTouch])
    #expect(String(decoding: bytes, as: UTF8.self) == Self.text)
    #expect(try AttributionCodec.decode(bytes) == Self.published)
  }

  @Test("A conversion without touches has empty arrays")
  func unattributed() throws {
    var published = Self.published
    published.touches = []
    published.credits = ["last_touch": [], "linear": []]
    published.revenues = ["last_touch": [], "linear": []]
    let bytes = encode(published, models: [.lastTouch, .linear])
    let part =
      #""touches":[],"credit":{"last_touch":[],"linear":[]},"#
      + #""revenue":{"last_touch":[],"linear":[]}"#
    #expect(String(decoding: bytes, as: UTF8.self).contains(part))
    #expect(try AttributionCodec.decode(bytes) == published)
  }

  @Test("Random conversions with names in any script survive")
  func roundTrip() throws {
    let seed = newSeed()
    var random = SeededRandom(seed: seed)
    for _ in 0..<500 {
      var published = Self.published
      published.conversionID = random.text()
      published.userID = random.text()
      published.touches = (0..<Int.random(in: 0...5, using: &random)).map { _ in
        PublishedAttribution.Touch(
          kind: .random(using: &random) ? .click : .impression,
          time: .random(in: Time.earliest...Time.latest, using: &random),
          eventID: random.text(), campaignID: random.text(), channel: random.text(),
          adID: random.text())
      }
      for model in Model.allCases {
        func row() -> [Int64] {
          published.touches.map { _ in .random(in: .min ... .max, using: &random) }
        }
        published.credits[model.rawValue] = row()
        published.revenues[model.rawValue] = row()
      }
      let bytes = encode(published, models: Model.allCases)
      #expect(try AttributionCodec.decode(bytes) == published, "seed \(seed)")
    }
  }

  @Test(
    "Records that cannot be right are refused",
    arguments: [
      ("\"click\"", "\"conversion\""), ("[\"1.000000\"]", "[]"), ("[\"59.900000\"]", "[1]"),
      ("\"user_id\":\"u-1\",", ""), ("\"event_id\":\"k-9\",", ""), ("\"revision\":1", "\"x\":1"),
      ("}]", "]"), ("\"59.900000\",\"currency\"", "59.9,\"currency\""),
    ])
  func refused(_ part: String, _ replacement: String) {
    let text = Self.text.replacing(part, with: replacement)
    #expect(text != Self.text)
    #expect(throws: UnreadableRecord.self) { try AttributionCodec.decode(Array(text.utf8)) }
  }
}
