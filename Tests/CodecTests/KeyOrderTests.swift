import Attribution
import Codec
import TestKit
import Testing

@Suite("Key order")
struct KeyOrderTests {
  /// Members of a click with every kind of value, some of them unknown or with long names.
  private static let members = [
    #""event_id":"k-9""#, #""user_id":"u-1""#, #""event_time":"2026-01-05T00:01:02.003Z""#,
    #""campaign_id":"c-7""#, #""channel":"email""#, #""ad_id":"a-3""#, #""session_id":"s\u002d2""#,
    #""ip":null"#, #""cost":0.35"#, #""\u0063urrency":"EUR""#, #""a":[1,{"b":"}"}]"#,
    #""a key that is longer than the pieces that are kept":{}"#, #""campaign_id":"c-8""#,
  ]

  /// A record of some of the members, mostly in one order, with blanks or without.
  private func record(using random: inout SeededRandom) -> String {
    var members = Self.members.filter { _ in Int.random(in: 0..<8, using: &random) > 0 }
    if Int.random(in: 0..<4, using: &random) == 0 { members.shuffle(using: &random) }
    if Int.random(in: 0..<8, using: &random) == 0 {
      for number in 0..<Int.random(in: 0..<40, using: &random) {
        members.insert(
          #""x\#(number % 30)-\#(UInt8.random(in: 0...9, using: &random))":\#(number)"#,
          at: Int.random(in: 0...members.count, using: &random))
      }
    }
    let blank = ["", "", "", " ", "\n  "].randomElement(using: &random)!
    let colon = blank.isEmpty ? ":" : ": "
    let lines = members.map { $0.replacing("\":", with: "\"" + colon, maxReplacements: 1) }
    return "{" + blank + lines.joined(separator: "," + blank) + blank + "}"
  }

  @Test("A decoder that has learned decodes as one that has not")
  func learning() {
    let seed = newSeed()
    var random = SeededRandom(seed: seed)
    var learned = EventDecoder(
      kind: .click, currency: "EUR", maxFutureSkew: 300_000,
      earliestEventTime: HostileRecords.earliestEventTime)
    var accepted = 0
    for _ in 0..<20_000 {
      var value = Array(record(using: &random).utf8)
      if Bool.random(using: &random) {
        // A byte of one record in another, most often one that means something there.
        value[Int.random(in: value.indices, using: &random)] = value.randomElement(using: &random)!
      }
      let expected = outcome(of: value, kind: .click)
      let found = outcome(of: value, from: &learned)
      #expect(found == expected, "seed \(seed): \(String(decoding: value, as: UTF8.self))")
      if case .accepted = found { accepted += 1 }
      if Int.random(in: 0..<100, using: &random) == 0 { learned.recycle() }
    }
    #expect(accepted > 5_000)
  }

  @Test(
    "What stands before a first value is not taken for what stands between two, nor the other way",
    arguments: [
      #"{"event_id":"k"{"user_id":"u"}"#, #","event_id":"k","user_id":"u"}"#,
      #"{,"user_id":"u","event_id":"k"}"#, #"{"event_id":"k","user_id":"u",}"#,
    ])
  func firstAndFollowing(_ malformed: String) {
    var decoder = EventDecoder(
      kind: .click, currency: "EUR", maxFutureSkew: 300_000,
      earliestEventTime: HostileRecords.earliestEventTime)
    for known in [#"{"event_id":"k","user_id":"u"}"#, #"{"user_id":"u","event_id":"k"}"#] {
      #expect(outcome(of: Array(known.utf8), from: &decoder) == .rejected(.missingField))
    }
    #expect(outcome(of: Array(malformed.utf8), from: &decoder) == .rejected(.malformedJSON))
  }
}
