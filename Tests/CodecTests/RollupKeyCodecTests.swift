import Attribution
import Codec
import Testing

@Suite("Rollup keys")
struct RollupKeyCodecTests {
  private func text(of key: RollupKey) -> String {
    var output: [UInt8] = []
    RollupKeyCodec.encode(key, into: &output)
    return String(decoding: output, as: UTF8.self)
  }

  private func decode(_ text: String, _ dimensionCount: Int = 1) throws -> RollupKey {
    try RollupKeyCodec.decode(Array(text.utf8), dimensionCount: dimensionCount)
  }

  @Test(
    "Keys are spelled as the contract says",
    arguments: [
      (["c-7"], "campaign_5m|c-7|2026-01-05T00:05:00Z"),
      ([], "campaign_5m||2026-01-05T00:05:00Z"),
      ([""], "campaign_5m||2026-01-05T00:05:00Z"),
      (["a|b", ""], "campaign_5m|a%7Cb||2026-01-05T00:05:00Z"),
      (["", "", ""], "campaign_5m||||2026-01-05T00:05:00Z"),
      (["größe %"], "campaign_5m|gr%C3%B6%C3%9Fe%20%25|2026-01-05T00:05:00Z"),
      (["(unattributed)"], "campaign_5m|%28unattributed%29|2026-01-05T00:05:00Z"),
      (["aZ09-._~"], "campaign_5m|aZ09-._~|2026-01-05T00:05:00Z"),
    ])
  func spelling(_ dimensions: [String], _ expected: String) throws {
    let key = RollupKey(
      view: "campaign_5m", dimensions: dimensions, windowStart: 1_767_571_500_000)
    #expect(text(of: key) == expected)
    #expect(try decode(expected, dimensions.count) == key)
  }

  @Test("Names in any script survive")
  func roundTrip() throws {
    let seed = newSeed()
    var random = SeededRandom(seed: seed)
    for _ in 0..<2_000 {
      let count = Int.random(in: 0...3, using: &random)
      let key = RollupKey(
        view: random.text(), dimensions: (0..<count).map { _ in random.text() },
        windowStart: .random(in: -62_167_219_200...253_402_300_799, using: &random) * 1_000)
      #expect(try decode(text(of: key), count) == key, "seed \(seed)")
    }
  }

  @Test(
    "Other spellings are refused",
    arguments: [
      "", "campaign_5m", "v|2026-01-05T00:05:00Z", "v|c|d|2026-01-05T00:05:00Z", "v|c|",
      "v|c|2026-01-05", "v|c%7|2026-01-05T00:05:00Z", "v|c%|2026-01-05T00:05:00Z",
      "v|c%7c|2026-01-05T00:05:00Z", "v|%41|2026-01-05T00:05:00Z", "v|c d|2026-01-05T00:05:00Z",
      "v|%FF|2026-01-05T00:05:00Z", "v|é|2026-01-05T00:05:00Z", "@progress|c|0", "@progress|0",
    ])
  func refused(_ text: String) {
    #expect(throws: UnreadableRecord.self) { try decode(text) }
  }

  @Test("A view without dimensions has no value")
  func noDimensions() {
    #expect(throws: UnreadableRecord.self) { try decode("v|c|2026-01-05T00:05:00Z", 0) }
  }
}
