import Attribution
import Codec
import Foundation
import Testing

@Suite("Well-formedness")
struct WellFormednessTests {
  private static let samples: [[UInt8]] = [
    """
    {"event_id":"k-9","user_id":"u-1","event_time":"2026-01-05T00:01:02.003Z",\
    "campaign_id":"c-7","channel":"email","ad_id":"a-3","session_id":"s-2","cost":"0.35"}
    """,
    #"""
     { "event_id" : "k\u002d9", "user_id": "Gr\u00f6\u00DFe \ud83d\ude00 größe 😀", "x": [1, -0.5e+7,
     {"a": [true, false, null, {}, []]}, "\"\\\/\b\f\n\r\t"], "event_time": -12, "campaign_id" :"c"}
    """#,
  ].map { Array($0.utf8) }

  /// Bytes that mean something to the scanner.
  private static let meaningful = Array("{}[]:,\"\\ut0-9.eE+ \n\u{1F}é€😀truefalsn".utf8)

  private func isMalformed(_ value: [UInt8]) -> Bool {
    outcome(of: value) == .rejected(.malformedJSON)
  }

  @Test("A record cut off anywhere is malformed", arguments: samples)
  func truncation(_ sample: [UInt8]) {
    #expect(!isMalformed(sample))
    for length in sample.indices {
      #expect(isMalformed(Array(sample[..<length])), "cut at \(length)")
    }
  }

  @Test("Records damaged at random are judged as the reference judges them", arguments: samples)
  func damage(_ sample: [UInt8]) {
    let seed = newSeed()
    var random = SeededRandom(seed: seed)
    for _ in 0..<3_000 {
      var value = sample
      for _ in 0..<Int.random(in: 1...4, using: &random) { damage(&value, using: &random) }
      let isWellFormed = ReferenceJSON.isObject(value)
      #expect(
        isMalformed(value) == !isWellFormed,
        "seed \(seed): \(String(decoding: value, as: UTF8.self))")
    }
  }

  @Test("What is accepted, Foundation accepts too", arguments: samples)
  func foundation(_ sample: [UInt8]) {
    let seed = newSeed()
    var random = SeededRandom(seed: seed)
    for _ in 0..<1_000 {
      var value = sample
      damage(&value, using: &random)
      // Foundation refuses halves of surrogate pairs, of which every damaged pair is one.
      let unpaired = String(decoding: value, as: UTF8.self)
        .replacing(#"\\"#, with: "").replacing(#"\ud83d\ude00"#, with: "")
      guard !isMalformed(value), !unpaired.contains(#"\ud"#), !unpaired.contains(#"\uD"#) else {
        continue
      }
      let object = try? JSONSerialization.jsonObject(with: Data(value))
      #expect(
        object is [String: Any], "seed \(seed): \(String(decoding: value, as: UTF8.self))")
    }
  }

  @Test("Random bytes in a string are accepted exactly when they are UTF-8")
  func utf8() {
    let seed = newSeed()
    var random = SeededRandom(seed: seed)
    let leads: [UInt8] = [0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xED, 0xEF, 0xF0, 0xF1, 0xF4, 0xF5, 0x41]
    let others: [UInt8] = [0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0x41]
    for _ in 0..<20_000 {
      var bytes = [leads.randomElement(using: &random)!]
      for _ in 0..<Int.random(in: 0...4, using: &random) {
        bytes.append(others.randomElement(using: &random)!)
      }
      let plain = [UInt8](repeating: 0x61, count: Int.random(in: 0...9, using: &random))
      let value = Array(#"{"x":""#.utf8) + plain + bytes + plain + Array(#""}"#.utf8)
      let isUTF8 = String(validating: bytes, as: UTF8.self) != nil
      #expect(isMalformed(value) == !isUTF8, "seed \(seed): \(bytes)")
    }
  }

  @Test("Every single byte is judged rightly at every place of a word")
  func everyByte() {
    for byte in UInt8.min ... .max {
      for position in 0..<17 {
        var text = [UInt8](repeating: 0x61, count: 17)
        text[position] = byte
        let value = Array(#"{"x":""#.utf8) + text + Array(#""}"#.utf8)
        let isPlain = (0x20..<0x80).contains(byte) && byte != 0x22 && byte != 0x5C
        #expect(isMalformed(value) == !isPlain, "byte \(byte) at \(position)")
      }
    }
  }

  private func damage(_ value: inout [UInt8], using random: inout SeededRandom) {
    let position = value.indices.randomElement(using: &random)!
    switch Int.random(in: 0..<5, using: &random) {
    case 0: value[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    case 1: value[position] = UInt8.random(in: .min ... .max, using: &random)
    case 2: value[position] = Self.meaningful.randomElement(using: &random)!
    case 3: value.insert(Self.meaningful.randomElement(using: &random)!, at: position)
    default: if value.count > 1 { value.remove(at: position) }
    }
  }
}
