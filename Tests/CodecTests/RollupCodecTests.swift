import Attribution
import Foundation
import Testing

@testable import Codec

@Suite("Rollup records")
struct RollupCodecTests {
  private static let definitions = {
    var definitions = Definitions()
    definitions.models = [.lastTouch, .linear]
    definitions.views.append(
      View(name: "all", dimensions: [], periodMilliseconds: 3_600_000))
    definitions.views.append(
      View(
        name: "ads \"daily\"", dimensions: [.campaignID, .adID], periodMilliseconds: 86_400_000))
    return definitions
  }()

  private let codec = RollupCodec(definitions: definitions)

  /// The example of the contract.
  private static let rollup = {
    var sums = RollupSums(modelCount: 2)
    sums.clicks = 31
    sums.users = 27
    sums.sessions = 29
    sums.credits = [2_000_000, 1_500_000]
    sums.revenues = [119_800_000, 89_850_000]
    sums.spend = 10_850_000
    return Rollup(
      key: RollupKey(
        view: "campaign_5m", dimensions: ["c-7"], windowStart: 1_767_571_500_000),
      windowEnd: 1_767_571_800_000, sums: sums, revision: 3, watermark: 1_767_571_600_000)
  }()

  private static let text =
    #"{"view":"campaign_5m","dimensions":{"campaign_id":"c-7"},"#
    + #""window_start":"2026-01-05T00:05:00Z","window_end":"2026-01-05T00:10:00Z","#
    + #""impressions":0,"clicks":31,"users":27,"sessions":29,"#
    + #""conversions":{"last_touch":"2.000000","linear":"1.500000"},"#
    + #""revenue":{"last_touch":"119.800000","linear":"89.850000"},"#
    + #""spend":"10.850000","currency":"EUR","#
    + #""final":false,"revision":3,"watermark":"2026-01-05T00:06:40.000Z"}"#

  private func encode(_ rollup: Rollup) -> [UInt8] {
    var output: [UInt8] = []
    codec.encode(rollup, into: &output)
    return output
  }

  private func decode(_ text: String) throws -> Rollup { try codec.decode(Array(text.utf8)) }

  @Test("The record is the contract's, byte for byte")
  func example() throws {
    #expect(String(decoding: encode(Self.rollup), as: UTF8.self) == Self.text)
    #expect(try decode(Self.text) == Self.rollup)
  }

  @Test("A record without a watermark says null")
  func noWatermark() throws {
    var rollup = Self.rollup
    rollup.watermark = nil
    rollup.isFinal = true
    let bytes = encode(rollup)
    let end = #""final":true,"revision":3,"watermark":null}"#
    #expect(String(decoding: bytes, as: UTF8.self).hasSuffix(end))
    #expect(try codec.decode(bytes) == rollup)
  }

  @Test("Random rollups of every view survive, and Foundation can read them")
  func roundTrip() throws {
    let seed = newSeed()
    var random = SeededRandom(seed: seed)
    for _ in 0..<1_000 {
      let view = Self.definitions.views.randomElement(using: &random)!
      var sums = RollupSums(modelCount: 2)
      sums.impressions = .random(in: .min ... .max, using: &random)
      sums.clicks = .random(in: 0...1_000, using: &random)
      sums.credits[1] = .random(in: .min ... .max, using: &random)
      sums.revenues[0] = .random(in: .min ... .max, using: &random)
      sums.spend = .random(in: 0 ... .max, using: &random)
      let start = view.windowStart(of: .random(in: Time.earliest...Time.latest, using: &random))
      let rollup = Rollup(
        key: RollupKey(
          view: view.name, dimensions: view.dimensions.map { _ in random.text() },
          windowStart: start),
        windowEnd: start + view.periodMilliseconds, sums: sums,
        isFinal: .random(using: &random), revision: .random(in: 1 ... .max, using: &random),
        watermark: .random(using: &random) ? start + 7 : nil)
      let bytes = encode(rollup)
      #expect(!bytes.contains(0x0A))
      #expect(try codec.decode(bytes) == rollup, "seed \(seed)")
      let object = try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
      let named = object?["dimensions"] as? [String: String]
      for (dimension, value) in zip(view.dimensions, rollup.key.dimensions) {
        #expect(named?[dimension.rawValue] == value, "seed \(seed)")
      }
    }
  }

  @Test("The last window of year 9999 can be read")
  func lastWindow() throws {
    var rollup = Self.rollup
    rollup.key.windowStart = Time.latest + 1 - 300_000
    rollup.windowEnd = Time.latest + 1
    #expect(try codec.decode(encode(rollup)) == rollup)
  }

  @Test("Unknown fields and models are ignored, missing models read as 0")
  func otherVersions() throws {
    var text = Self.text
    text.replace(#""final""#, with: #""x":[{"y":[1,"\u00e9"]}],"final""#)
    text.replace(#""last_touch":"2.000000","linear":"1.500000""#, with: #""new":"1","linear":"2""#)
    var expected = Self.rollup
    expected.sums.credits = [0, 2_000_000]
    #expect(try decode(text) == expected)
  }

  @Test("A view that is not configured comes with the record's dimensions")
  func unknownView() throws {
    let text = Self.text.replacing("campaign_5m", with: "other")
      .replacing(#"{"campaign_id":"c-7"}"#, with: #"{"ad_id":"a","campaign_id":"c"}"#)
    #expect(try decode(text).key.dimensions == ["a", "c"])
  }

  @Test(
    "Records that cannot be right are refused",
    arguments: [
      ("}", ""), ("{\"view\"", "[\"view\""), ("EUR", "USD"), ("\"clicks\":31,", ""),
      ("31", "31.5"), ("31", "\"31\""), ("false", "0"), ("\"119.800000\"", "119.8"),
      ("00:05:00Z", "00:05:00"), ("\"campaign_id\":\"c-7\"", "\"channel\":\"c-7\""),
      ("\"campaign_id\":\"c-7\"", ""), ("\"c-7\"", "7"), ("\"view\"", "\"look\""),
    ])
  func refused(_ part: String, _ replacement: String) {
    let text = Self.text.replacing(part, with: replacement)
    #expect(text != Self.text)
    #expect(throws: UnreadableRecord.self) { try decode(text) }
  }

  @Test("A record cut off anywhere is refused")
  func truncation() {
    let bytes = Array(Self.text.utf8)
    for length in bytes.indices {
      #expect(throws: UnreadableRecord.self) { try codec.decode(Array(bytes[..<length])) }
    }
  }
}
