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
      "", "-", ".", "-.5", "1.", "--1", "1-", "0x1", " 1", "1 ", "1,0", "٣",
      "9223372036854.775808", "99999999999999999999999999", "-9223372036854.775809",
      // More than 64 bits, of which the lower ones would do.
      "18446744073709551617", "18446744073709.551617", "0018446744073709551617.000000",
    ])
  func invalid(_ text: String) {
    #expect(Money.parse(text) == nil)
    #expect(Money.parseSigned(text) == nil)
  }

  @Test("An event's amount is at most 10¹² units, a published one is not")
  func limits() {
    #expect(Money.parse("1000000000000") == Money.largest)
    #expect(Money.parse("1000000000000.000001") == nil)
    #expect(Money.parseSigned("1000000000000.000001") == Money.largest + 1)
  }

  @Test(
    "What is behind the sixth decimal is rounded half to even where that is wanted",
    arguments: [
      ("0.0000005", 0), ("0.0000015", 2), ("0.0000025", 2), ("0.00000050000001", 1),
      ("0.0000004999", 0), ("0.00000049", 0), ("1.9999995", 2_000_000), ("5e-7", 0),
      ("15e-7", 2), ("9.99e-7", 1), ("4e-8", 0), ("1e-999999999999", 0), ("1.2345678", 1_234_568),
      ("1000000000000.0000005", 1_000_000_000_000_000_000), ("1000000000000.0000006", nil),
      ("999999999999.9999999", 1_000_000_000_000_000_000),
      ("12345678901234567890e-14", 123_456_789_012), ("7.5e-07", 1),
    ] as [(String, Micros?)])
  func rounding(_ text: String, _ micros: Micros?) {
    #expect(Money.parse(text, excessDecimals: .round) == micros)
    #expect(Money.parse(text) == nil)
  }

  @Test("Exponents and zeros mean what arithmetic says")
  func anyForm() {
    let seed = newSeed()
    var random = SeededRandom(seed: seed)
    for _ in 0..<20_000 {
      let digits = Int64.random(in: 0...999_999, using: &random)
      let zeros = Int.random(in: 0...8, using: &random)
      let exponent = Int.random(in: -12...12, using: &random)
      // digits × 10^(zeros + exponent), written with a point somewhere.
      var text = String(digits) + String(repeating: "0", count: zeros)
      let point = Int.random(in: 0..<text.count, using: &random)
      if point > 0 { text.insert(".", at: text.index(text.endIndex, offsetBy: -point)) }
      text += (Bool.random(using: &random) ? "e" : "E") + String(exponent + point)
      var power = zeros + exponent + 6
      var expected: Int128? = Int128(digits)
      while power > 0, digits > 0 {
        expected = expected! * 10
        power -= 1
      }
      while power < 0, digits > 0, let value = expected {
        expected = value % 10 == 0 ? value / 10 : nil
        power += 1
      }
      if let value = expected, value > 1_000_000_000_000_000_000 { expected = nil }
      #expect(Money.parse(text).map { Int128($0) } == expected, "seed \(seed): \(text)")
    }
  }

  @Test("Sums beyond 64 bits survive writing and reading")
  func sums() {
    for sum in [
      Int128.max, .min, 0, -1, Int128(Int64.max) + 1, Int128(Int64.min) - 1,
      10_000_000_000_000_000_000,
    ] {
      let text = Money.format(sum)
      let read = Array(text.utf8).withUnsafeBytes { Money.parseSum(BorrowedBytes($0)) }
      #expect(read == sum, "\(text)")
    }
    #expect(Money.format(10_000_000_000_000_000_000 as Int128) == "10000000000000.000000")
    for text in [
      "170141183460469231731687303715884.105728", "1.0000000", "1e3", "", "-", "1.", "..1",
    ] {
      let read = Array(text.utf8).withUnsafeBytes { Money.parseSum(BorrowedBytes($0)) }
      #expect(read == nil, "\(text)")
    }
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
      let isAmount = (0...Money.largest).contains(micros)
      #expect(Money.parse(text) == (isAmount ? micros : nil), "seed \(seed)")
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
