import Attribution
import Codec
import Testing

@Suite("Money")
struct MoneyTests {
  @Test(
    "Amounts are written with six decimals",
    arguments: [
      (0, "0.000000"), (1, "0.000001"), (-1, "-0.000001"), (119_800_000, "119.800000"),
      (-1_500_000, "-1.500000"), (.max, "9223372036854.775807"), (.min, "-9223372036854.775808"),
    ] as [(Micros, String)])
  func format(_ micros: Micros, _ text: String) {
    #expect(Money.format(micros) == text)
    #expect(Money.parseSigned(text) == micros)
  }

  @Test(
    "Only digits with up to six decimals are amounts",
    arguments: [
      "", "-", ".", "-.5", "1.", "1.0000000", "--1", "1-", "0x1", "1e1", " 1", "1 ", "1,0", "٣",
      "9223372036854.775808", "99999999999999999999999999", "-9223372036854.775809",
      // More than 64 bits, of which the lower ones would do.
      "18446744073709551617", "18446744073709.551617", "0018446744073709551617.000000",
    ])
  func invalid(_ text: String) {
    #expect(Money.parse(text) == nil)
    #expect(Money.parseSigned(text) == nil)
  }

  @Test("A sign is read only where it is asked for")
  func signs() {
    #expect(Money.parse("-1") == nil)
    #expect(Money.parse("-9223372036854.775808") == nil)
    #expect(Money.parseSigned("-1.5") == -1_500_000)
    #expect(Money.parseSigned("+1") == nil)
  }

  @Test("Random amounts survive writing and reading")
  func roundTrip() {
    let seed = newSeed()
    var random = SeededRandom(seed: seed)
    for _ in 0..<20_000 {
      let shift = Int.random(in: 0..<63, using: &random)
      let micros = Micros.random(in: .min ... .max, using: &random) >> shift
      let text = Money.format(micros)
      #expect(Money.parseSigned(text) == micros, "seed \(seed)")
      #expect(Money.parse(text) == (micros < 0 ? nil : micros), "seed \(seed)")
    }
  }

  @Test("Shorter decimals mean the same as if they were filled up with zeros")
  func decimals() {
    for count in 0...6 {
      let text = "7" + (count > 0 ? "." : "") + String(repeating: "3", count: count)
      let filled =
        "7." + String(repeating: "3", count: count) + String(repeating: "0", count: 6 - count)
      #expect(Money.parse(text) == Money.parse(filled))
      #expect(Money.format(Money.parse(text) ?? 0) == filled)
    }
  }
}
