// Safety: every buffer is used only inside the closure that lends it.

import Attribution
import Codec
import Testing

@Suite("Fields that the configuration adds")
struct ConfiguredFieldDecodingTests {
  private static let definitions: Definitions = {
    var definitions = Definitions()
    definitions.dimensions = ["country", "ad-group"]
    definitions.conversionDimensions = ["goal"]
    definitions.matchOn = ["account_id", "a_rather_long_name_of_a_field_that_is_not_learned"]
    return definitions
  }()

  private static let base =
    #""event_id":"e","user_id":"u","event_time":1767571500000,"campaign_id":"c","amount":1"#

  /// The values of an event, or the reason why there is none.
  private func decode(
    _ kind: EventKind, _ fields: String, _ decoder: inout EventDecoder
  ) -> Result<[String], Rejection> {
    let value = Array("{\(Self.base)\(fields.isEmpty ? "" : ",")\(fields)}".utf8)
    return value.withUnsafeBytes { value in
      var event = Event(kind: kind, time: 0, eventID: .empty, userID: .empty)
      if let rejection = decoder.decode(value, recordTimestamp: -1, into: &event) {
        return .failure(rejection)
      }
      return .success((0..<event.values.count).map { event.values[$0].string })
    }
  }

  private func decode(_ kind: EventKind, _ fields: String) -> Result<[String], Rejection> {
    var decoder = EventDecoder(kind: kind, definitions: Self.definitions)
    return decode(kind, fields, &decoder)
  }

  @Test(
    "Touches and costs have dimensions and what must match, conversions what must match and theirs")
  func lists() {
    let fields =
      #""account_id":"a","goal":"g","country":"DE","ad-group":"x","#
      + #""a_rather_long_name_of_a_field_that_is_not_learned":"long""#
    for kind in [EventKind.impression, .click, .cost] {
      #expect(decode(kind, fields) == .success(["DE", "x", "a", "long"]))
    }
    #expect(decode(.conversion, fields) == .success(["a", "long", "g"]))
    for kind in EventKind.allCases {
      var decoder = EventDecoder(kind: kind, definitions: Definitions())
      #expect(decode(kind, fields, &decoder) == .success([]))
    }
  }

  @Test(
    "A value is a string of up to 128 bytes or an integer; null, nothing and an empty string are absent",
    arguments: [
      (#""country":17"#, "17"), (#""country":-3"#, "-3"), (#""country":null"#, ""),
      (#""country":"""#, ""),
      ("", ""), (#""country":"\u00fc\/ö""#, "ü/ö"), (#""cou\u006etry":"DE""#, "DE"),
      (#""country":"AT","country":"DE""#, "DE"), (#""Country":"AT""#, ""),
      ("\"country\":\"\(String(repeating: "x", count: 128))\"", String(repeating: "x", count: 128)),
      (#""country":1.5"#, nil), (#""country":true"#, nil), (#""country":["DE"]"#, nil),
      (#""country":{}"#, nil), ("\"country\":\"\(String(repeating: "x", count: 129))\"", nil),
      (#""country":"\ud800""#, nil),
    ] as [(String, String?)])
  func values(fields: String, expected: String?) {
    let found = decode(.click, fields)
    guard let expected else {
      switch found {
      case .success(let values): Issue.record("\(values) from \(fields)")
      case .failure(let rejection):
        #expect(
          rejection.reason == .invalidField && rejection.fieldName(Self.definitions) == "country")
      }
      return
    }
    #expect(found == .success([expected, "", "", ""]))
  }

  @Test("Records in any order, with and without the fields, are each read by themselves")
  func orders() {
    var decoder = EventDecoder(kind: .click, definitions: Self.definitions)
    for round in 0..<3 {
      #expect(
        decode(.click, #""country":"DE","account_id":"a-\#(round)""#, &decoder)
          == .success(["DE", "", "a-\(round)", ""]))
      #expect(
        decode(.click, #""account_id":"a","country":"FR""#, &decoder)
          == .success(["FR", "", "a", ""]))
      #expect(decode(.click, "", &decoder) == .success(["", "", "", ""]))
    }
  }

  @Test("The values of all events of a batch stay until it is over")
  func batch() {
    var decoder = EventDecoder(kind: .click, definitions: Self.definitions)
    let records = (0..<3_000).map {
      Array("{\(Self.base),\"country\":\"c\\u002d\($0)\",\"account_id\":\($0)}".utf8)
    }
    for _ in 0..<2 {
      var events: [Event] = []
      for record in records {
        var event = Event(kind: .click, time: 0, eventID: .empty, userID: .empty)
        record.withUnsafeBytes {
          #expect(decoder.decode($0, recordTimestamp: -1, into: &event) == nil)
        }
        events.append(event)
      }
      // Names without escapes are lent from the records, which are gone: only the others are looked at.
      #expect(events.indices.allSatisfy { events[$0].values[0].string == "c-\($0)" })
      decoder.recycle()
    }
  }
}
