import Attribution
import Testing

@testable import Codec

/// Pseudonyms in the place of user ids, sessions and addresses.
@Suite struct PseudonymizerTests {
  /// RFC 4231, test cases 1 to 4, 6 and 7.
  @Test(arguments: [
    (
      [UInt8](repeating: 0x0B, count: 20), Array("Hi There".utf8),
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    ),
    (
      Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    ),
    (
      [UInt8](repeating: 0xAA, count: 20), [UInt8](repeating: 0xDD, count: 50),
      "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
    ),
    (
      Array(1...25), [UInt8](repeating: 0xCD, count: 50),
      "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"
    ),
    (
      [UInt8](repeating: 0xAA, count: 131),
      Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
    ),
    (
      [UInt8](repeating: 0xAA, count: 131),
      Array(
        ("This is a test using a larger than block-size key and a larger than block-size data. "
          + "The key needs to be hashed before being used by the HMAC algorithm.").utf8),
      "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"
    ),
  ])
  func theCodesAreThoseOfTheStandard(key: [UInt8], message: [UInt8], code: String) {
    var digest = [UInt8](repeating: 0, count: HMAC.size)
    let hmac = HMAC(key: key)
    for _ in 0..<2 {
      message.withUnsafeBytes { hmac.write($0, to: &digest) }
      #expect(hexadecimal(digest) == code)
    }
    let pseudonym = Pseudonymizer(PseudonymKey(bytes: key, fingerprint: 0))
      .pseudonym(of: String(decoding: message, as: UTF8.self))
    if String(validating: message, as: UTF8.self) != nil {
      #expect(pseudonym == code.prefix(32))
    }
  }

  private static let key = PseudonymKey(Array("0123456789abcdef0123456789abcdef".utf8))

  private static var definitions: Definitions {
    var definitions = Definitions()
    definitions.pseudonymKey = key
    definitions.unmatchedUsers = ["nobody"]
    return definitions
  }

  /// User, session and address of a click with these fields.
  private func names(
    _ fields: String, under definitions: Definitions
  ) -> (user: String, session: String, ip: String, raw: String?) {
    var decoder = EventDecoder(kind: .click, definitions: definitions)
    var event = Event(kind: .click, time: 0, eventID: .empty, userID: .empty)
    let record = #"{"event_id":"e","campaign_id":"c","event_time":1767600000000,\#(fields)}"#
    return Array(record.utf8).withUnsafeBytes { bytes in
      let rejection = decoder.decode(bytes, recordTimestamp: -1, into: &event)
      #expect(rejection == nil)
      return (
        event.userID.string, event.sessionID.string, event.ip.string, decoder.rawUser?.string
      )
    }
  }

  @Test func theyTakeThePlaceOfUserSessionAndAddress() {
    let found = names(
      #""user_id":"u\u002d1","session_id":"s-1","ip":"192.0.2.1""#, under: Self.definitions)
    let pseudonymizer = Pseudonymizer(Self.key)
    #expect(found.user == pseudonymizer.pseudonym(of: "u-1"))
    #expect(found.session == pseudonymizer.pseudonym(of: "s-1"))
    #expect(found.ip == pseudonymizer.pseudonym(of: "192.0.2.1"))
    #expect(found.raw == "u-1")
    #expect(found.user.wholeMatch(of: /[0-9a-f]{32}/) != nil)
  }

  @Test func nothingHasNoPseudonym() {
    let found = names(#""user_id":"u-1""#, under: Self.definitions)
    #expect(found.session.isEmpty && found.ip.isEmpty)
  }

  @Test func whoStandsForNobodyStaysAsItIs() {
    #expect(names(#""user_id":"nobody""#, under: Self.definitions).user == "nobody")
    #expect(Pseudonymizer(Self.key, sparing: ["nobody"]).pseudonym(of: "nobody") == "nobody")
  }

  @Test func withoutAKeyEverythingStaysAsItIs() {
    let found = names(
      #""user_id":"u-1","session_id":"s-1""#, under: Self.definitions.withoutPseudonyms)
    #expect(found.user == "u-1" && found.session == "s-1" && found.raw == nil)
  }

  @Test func theFingerprintNamesTheKeyAndNothingPrintsIt() {
    let other = PseudonymKey(Array("0123456789abcdef0123456789abcdeg".utf8))
    #expect(Self.key.fingerprint != other.fingerprint)
    #expect(Self.key == PseudonymKey(Array("0123456789abcdef0123456789abcdef".utf8)))
    var dumped = ""
    dump(Self.definitions, to: &dumped)
    #expect(!"\(Self.key) \(Self.definitions) \(dumped)".contains("48, 49, 50"))
    let definitions = Self.definitions
    var rotated = definitions
    rotated.pseudonymKey = other
    let bases = [definitions, rotated, definitions.withoutPseudonyms].map(\.fingerprint.base)
    #expect(Set(bases).count == 3)
  }

  private func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
