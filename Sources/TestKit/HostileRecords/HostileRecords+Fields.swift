import Attribution
import Codec

// MARK: - Names and ids

extension HostileRecords {
  private static func name(_ count: Int) -> String { String(repeating: "n", count: count) }

  private static func without(_ field: String, of kind: EventKind, _ value: String) -> HostileRecord
  {
    record("a \(kind) without \(field)", kind, Array(value.utf8), .rejected(.missingField))
  }

  static let names: [HostileRecord] = [
    without(
      "event_id", of: .click, #"{"user_id":"u","event_time":1767571500000,"campaign_id":"c"}"#),
    without(
      "user_id", of: .click, #"{"event_id":"e","event_time":1767571500000,"campaign_id":"c"}"#),
    without("event_time", of: .click, #"{"event_id":"e","user_id":"u","campaign_id":"c"}"#),
    without(
      "campaign_id", of: .impression, #"{"event_id":"e","user_id":"u","event_time":1767571500000}"#),
    without("user_id", of: .conversion, #"{"event_id":"e","event_time":1767571500000}"#),
    without("amount", of: .cost, "{\(costFields)}"),
    without("campaign_id", of: .cost, #"{"event_id":"e","event_time":1767571500000,"amount":1}"#),
    click(and: #""event_id":"""#, "an empty event id", .missingField),
    click(and: #""user_id":"""#, "an empty user id", .missingField),
    click(and: #""campaign_id":"""#, "an empty campaign id", .missingField),
    click(and: #""event_id":12"#, "an event id that is an integer") { $0.eventID = "12" },
    click(and: #""event_id":-0"#, "an event id that is minus zero") { $0.eventID = "-0" },
    click(and: #""event_id":12.0"#, "an event id with a point", .invalidField),
    click(and: #""user_id":1e3"#, "a user id with an exponent", .invalidField),
    click(
      and: #""user_id":1\#(String(repeating: "0", count: 128))"#, "a user id of 129 digits",
      .invalidField),
    click(
      and: #""event_id":"\ud800""#, "an event id that is half of a surrogate pair", .invalidField),
    click(and: #""user_id":"u\udc00\ud800u""#, "a user id with two wrong halves", .invalidField),
    click(and: #""channel":"\ud83d""#, "a channel that is half of a surrogate pair", .invalidField),
    click(
      and: #""currency":"\ud83d""#, "a currency that is half of a surrogate pair", .invalidField),
    click(and: #""event_id":"e\u0301""#, "an id in its longer spelling") {
      $0.eventID = "e\u{301}"
    },
    click(and: #""event_id":"\u00e9""#, "an id in its shorter spelling") { $0.eventID = "\u{E9}" },
    click(
      and: #""event_id":7,"user_id":null"#, "a required field that is null beside an invalid one",
      .missingField),
    click(and: #""user_id":["u"]"#, "a user id in an array", .invalidField),
    click(and: #""user_id":true"#, "a user id that is a boolean", .invalidField),
    click(and: #""campaign_id":null"#, "a campaign id that is null", .missingField),
    click(and: #""event_id":"\#(name(128))""#, "an id of 128 bytes") { $0.eventID = name(128) },
    click(and: #""event_id":"\#(name(129))""#, "an id of 129 bytes", .invalidField),
    click(and: #""user_id":"\#(name(60_000))""#, "an id of 60,000 bytes", .invalidField),
    click(
      and: #""event_id":"\#(String(repeating: "é", count: 64))""#, "64 characters of two bytes"
    ) { $0.eventID = String(repeating: "é", count: 64) },
    click(
      and: #""event_id":"\#(String(repeating: "é", count: 65))""#, "65 characters of two bytes",
      .invalidField),
    click(
      and: #""event_id":"\#(String(repeating: #"\u0061"#, count: 128))""#, "128 escaped characters"
    ) { $0.eventID = String(repeating: "a", count: 128) },
    click(
      and: #""event_id":"\#(String(repeating: #"\u0061"#, count: 129))""#, "129 escaped characters",
      .invalidField),
    click(
      and: #""event_id":"\#(String(repeating: #"\ud83d\ude00"#, count: 32))""#,
      "32 escaped characters of four bytes"
    ) { $0.eventID = String(repeating: "😀", count: 32) },
    click(and: #""event_id":" e|\u007c%00 ""#, "an id with blanks and separators") {
      $0.eventID = " e||%00 "
    },
    click(and: #""channel":null,"ad_id":"","session_id":null,"ip":"""#, "absent optional fields"),
    click(
      and: #""channel":"\#(name(128))","ad_id":"a","session_id":"s","ip":"10.0.0.1""#,
      "all optional fields"
    ) {
      $0.channel = name(128)
      $0.adID = "a"
      $0.sessionID = "s"
    },
    click(and: #""channel":"\#(name(129))""#, "a channel of 129 bytes", .invalidField),
    click(and: #""ad_id":7"#, "an ad id that is an integer") { $0.adID = "7" },
    click(and: #""ad_id":7.5"#, "an ad id that is a fraction", .invalidField),
    click(and: #""session_id":{}"#, "a session id that is an object", .invalidField),
    click(and: #""ip":false"#, "an address that is a boolean", .invalidField),
    click(and: #""ip":"\#(name(129))""#, "an address of 129 bytes", .invalidField),
  ]
}

// MARK: - Times

extension HostileRecords {
  private static func accepts(_ text: String, as time: Milliseconds) -> HostileRecord {
    click(and: #""event_time":\#(text)"#, "the time \(text)") { $0.time = time }
  }

  private static func rejects(_ text: String) -> HostileRecord {
    click(and: #""event_time":\#(text)"#, "the time \(text)", .invalidField)
  }

  private static func lacks(_ text: String) -> HostileRecord {
    click(and: #""event_time":\#(text)"#, "the time \(text)", .missingField)
  }

  static let times: [HostileRecord] = [
    accepts(#""2026-01-05T00:05:00Z""#, as: 1_767_571_500_000),
    accepts(#""2026-01-05t00:05:00z""#, as: 1_767_571_500_000),
    accepts(#""2026-01-05T00:05:00.1Z""#, as: 1_767_571_500_100),
    accepts(#""2026-01-05T00:05:00.0009999999999999999999Z""#, as: 1_767_571_500_000),
    accepts(#""2026-01-05T00:05:00.123456789Z""#, as: 1_767_571_500_123),
    accepts(#""2026-01-05T01:35:00+01:30""#, as: 1_767_571_500_000),
    accepts(#""2026-01-04T16:05:00.5-08:00""#, as: 1_767_571_500_500),
    accepts(#""2026-01-05T00:05:00-00:00""#, as: 1_767_571_500_000),
    accepts(#""2026-01-05T00:05:00\u005a""#, as: 1_767_571_500_000),
    accepts(#""2026-01-05 00:05:00Z""#, as: 1_767_571_500_000),
    accepts(#""2026-01-05 00:05:00.123+01""#, as: 1_767_567_900_123),
    accepts(#""2026-01-05T01:35:00+0130""#, as: 1_767_571_500_000),
    accepts(#""2026-01-05T01:05:00+01""#, as: 1_767_571_500_000),
    accepts(#""2026-01-04T16:05:00-0800""#, as: 1_767_571_500_000),
    accepts(#""2000-01-01T00:00:00Z""#, as: 946_684_800_000),
    accepts(#""1999-12-31T23:00:00-01:00""#, as: 946_684_800_000),
    accepts("946684800000", as: 946_684_800_000),
    rejects(#""1999-12-31T23:59:59.9999Z""#),
    rejects("946684799999"),
    rejects("1767571500"),
    rejects(#""1970-01-01T00:00:00Z""#),
    rejects(#""1969-12-31T23:59:59.9999Z""#),
    accepts(#""2008-12-31T15:59:60-08:00""#, as: 1_230_768_000_000),
    accepts(#""2024-02-29T12:00:00Z""#, as: 1_709_208_000_000),
    accepts(#""2000-02-29T00:00:00Z""#, as: 951_782_400_000),
    accepts(#""2016-12-31T23:59:60Z""#, as: 1_483_228_800_000),
    accepts(#""2016-12-31T23:59:60.250Z""#, as: 1_483_228_800_250),
    rejects(#""1990-12-31T15:59:60-08:00""#),
    rejects(#""0000-01-01T00:00:00Z""#),
    accepts(#""9999-12-31T23:59:59.999Z""#, as: 253_402_300_799_999),
    rejects("0"),
    rejects("-0"),
    rejects("-1"),
    rejects("-62167219200000"),
    accepts("253402300799999", as: 253_402_300_799_999),
    rejects("-62167219200001"),
    rejects("253402300800000"),
    rejects("9223372036854775807"),
    rejects("9223372036854775808"),
    rejects("-9223372036854775809"),
    rejects("1767571500000.0"),
    rejects("1.7675715e12"),
    rejects("1767571500000E0"),
    rejects(#""1767571500000""#),
    lacks(#""""#),
    lacks("null"),
    rejects("true"),
    rejects("[0]"),
    rejects(#""2026-01-05""#),
    rejects(#""2026-01-05T00:05:00""#),
    rejects(#""2026-01-05  00:05:00Z""#),
    rejects(#""2026-01-05_00:05:00Z""#),
    rejects(#""2026-01-05T00:05:00 +01:00""#),
    rejects(#""2026-01-05T00:05Z""#),
    rejects(#""2026-1-5T00:05:00Z""#),
    rejects(#""20260105T000500Z""#),
    rejects(#"" 2026-01-05T00:05:00Z""#),
    rejects(#""2026-01-05T00:05:00Z ""#),
    rejects(#""2026-01-05T00:05:00.Z""#),
    rejects(#""2026-01-05T00:05:00,5Z""#),
    rejects(#""2026-01-05T24:00:00Z""#),
    rejects(#""2026-01-05T00:60:00Z""#),
    rejects(#""2026-01-05T00:05:61Z""#),
    rejects(#""2026-01-05T00:05:60Z""#),
    rejects(#""2016-12-31T23:59:60+01:00""#),
    rejects(#""2026-13-05T00:05:00Z""#),
    rejects(#""2026-00-05T00:05:00Z""#),
    rejects(#""2026-01-00T00:05:00Z""#),
    rejects(#""2026-01-32T00:05:00Z""#),
    rejects(#""2026-04-31T00:05:00Z""#),
    rejects(#""2026-02-29T00:05:00Z""#),
    rejects(#""1900-02-29T00:00:00Z""#),
    rejects(#""2026-01-05T00:05:00+24:00""#),
    rejects(#""2026-01-05T00:05:00+01:60""#),
    rejects(#""2026-01-05T00:05:00+2400""#),
    rejects(#""2026-01-05T00:05:00+0160""#),
    rejects(#""2026-01-05T00:05:00+24""#),
    rejects(#""2026-01-05T00:05:00+1""#),
    rejects(#""2026-01-05T00:05:00+010""#),
    rejects(#""2026-01-05T00:05:00+01:0""#),
    rejects(#""2026-01-05T00:05:00+01:""#),
    rejects(#""2026-01-05T00:05:00Z+01:00""#),
    rejects(#""-026-01-05T00:05:00Z""#),
    rejects(#""12026-01-05T00:05:00Z""#),
    rejects(#""0000-01-01T00:00:00+00:01""#),
    rejects(#""9999-12-31T23:59:60Z""#),
    rejects(#""２026-01-05T00:05:00Z""#),
  ]
}

// MARK: - Amounts

extension HostileRecords {
  private static func accepts(
    _ text: String, asMicros micros: Micros, _ name: String? = nil
  ) -> HostileRecord {
    record(
      "the amount \(name ?? text)", .cost, valid(.cost, and: #""amount":\#(text)"#),
      .accepted(AcceptedEvent(kind: .cost, amount: micros, campaignID: "c")))
  }

  private static func rejects(amount text: String, _ name: String? = nil) -> HostileRecord {
    record(
      "the amount \(name ?? text)", .cost, valid(.cost, and: #""amount":\#(text)"#),
      .rejected(.invalidField))
  }

  static let amounts: [HostileRecord] = [
    accepts("0", asMicros: 0),
    accepts("12", asMicros: 12_000_000),
    accepts("0.35", asMicros: 350_000),
    accepts("0.1", asMicros: 100_000),
    accepts(#""12.5""#, asMicros: 12_500_000),
    accepts(#""59.900000""#, asMicros: 59_900_000),
    accepts(#""0.000001""#, asMicros: 1),
    accepts(#""0007.50""#, asMicros: 7_500_000),
    accepts(#""\u0031.5""#, asMicros: 1_500_000),
    accepts("1000000000000", asMicros: 1_000_000_000_000_000_000),
    accepts(#""1000000000000.000000""#, asMicros: 1_000_000_000_000_000_000),
    accepts("1e12", asMicros: 1_000_000_000_000_000_000),
    accepts("100000000000000000000e-8", asMicros: 1_000_000_000_000_000_000),
    accepts("5e-05", asMicros: 50),
    accepts(#""5e-05""#, asMicros: 50),
    accepts("1e3", asMicros: 1_000_000_000),
    accepts(#""1E3""#, asMicros: 1_000_000_000),
    accepts("1.5e+2", asMicros: 150_000_000),
    accepts("1.5E0", asMicros: 1_500_000),
    accepts("12.34e-2", asMicros: 123_400),
    accepts("1.0000000", asMicros: 1_000_000),
    accepts(#""0.00000100000""#, asMicros: 1),
    accepts("0.00000000000000000000", asMicros: 0),
    accepts("0e999999999999999999999", asMicros: 0),
    accepts("0.000e-9", asMicros: 0),
    accepts(
      #""1.\#(String(repeating: "0", count: 50_000))""#, asMicros: 1_000_000, "1 and 50,000 zeros"),
    rejects(amount: "1000000000000.000001"),
    rejects(amount: "1000000000001"),
    rejects(amount: "1e13"),
    rejects(amount: "1e999999999999999999999"),
    rejects(amount: "1e-999999999999999999999"),
    rejects(amount: "1e-7"),
    rejects(amount: "1.0000001"),
    rejects(amount: "12345678901234567890e-14"),
    rejects(amount: #""1e""#),
    rejects(amount: #""1e+""#),
    rejects(amount: #""e5""#),
    rejects(amount: #""1e5.5""#),
    rejects(amount: #""1.e5""#),
    rejects(amount: #""1e 5""#),
    rejects(amount: #""1e5e5""#),
    rejects(amount: "9223372036854.775807"),
    rejects(amount: "9223372036854.775808"),
    rejects(amount: #""9223372036854.775808""#),
    rejects(amount: "9223372036855"),
    rejects(amount: "18446744073709.551616"),
    rejects(amount: "18446744073710"),
    rejects(amount: String(repeating: "9", count: 60_000), "of 60,000 digits"),
    rejects(amount: "-1"),
    rejects(amount: "-0"),
    rejects(amount: #""-1.50""#),
    rejects(amount: #""+1""#),
    rejects(amount: #""1.2345678""#),
    rejects(amount: #"".5""#),
    rejects(amount: #""5.""#),
    rejects(amount: #"".""#),
    rejects(amount: #""1.2.3""#),
    rejects(amount: #"" 1""#),
    rejects(amount: #""1 ""#),
    rejects(amount: #""1,5""#),
    rejects(amount: #""€5""#),
    rejects(amount: #""１""#),
    rejects(amount: #""NaN""#),
    record(
      "an empty amount", .cost, valid(.cost, and: #""amount":"""#), .rejected(.missingField)),
    record(
      "an amount that is null", .cost, valid(.cost, and: #""amount":null"#),
      .rejected(.missingField)),
    rejects(amount: "true"),
    rejects(amount: "[1]"),
    record(
      "a conversion without a value", .conversion, Array("{\(conversionFields)}".utf8),
      .accepted(AcceptedEvent(kind: .conversion, userID: "u"))),
    record(
      "a conversion with a value of null", .conversion, valid(.conversion, and: #""value":null"#),
      .accepted(AcceptedEvent(kind: .conversion, userID: "u"))),
    record(
      "a conversion with a value", .conversion, valid(.conversion, and: #""value":"59.9""#),
      .accepted(AcceptedEvent(kind: .conversion, amount: 59_900_000, userID: "u"))),
    record(
      "a conversion with a negative value", .conversion, valid(.conversion, and: #""value":-5"#),
      .rejected(.invalidField)),
    click(and: #""cost":"""#, "a click with an empty cost"),
    click(and: #""cost":{}"#, "a click with a cost that is an object", .invalidField),
  ]
}

// MARK: - The future, currencies, and which reason comes first

extension HostileRecords {
  private static func timed(
    _ name: String, at timestamp: Milliseconds, _ expected: HostileRecord.Outcome
  ) -> HostileRecord {
    record(name, .click, Array("{\(clickFields)}".utf8), at: timestamp, expected)
  }

  static let precedence: [HostileRecord] = [
    timed("just as early as allowed", at: time - maxFutureSkew, .accepted(acceptedClick())),
    timed("a millisecond too early", at: time - maxFutureSkew - 1, .rejected(.futureEvent)),
    timed("a record from the epoch", at: 0, .rejected(.futureEvent)),
    timed("a record of unknown time", at: -1, .accepted(acceptedClick())),
    timed("a record from the end of time", at: .max, .accepted(acceptedClick())),
    click(and: #""currency":"EUR""#, "the configured currency"),
    click(and: #""currency":"\u0045UR""#, "the configured currency in escapes"),
    click(and: #""currency":null"#, "no currency"),
    click(and: #""currency":"""#, "an empty currency"),
    click(and: #""currency":"USD""#, "another currency", .wrongCurrency),
    click(and: #""currency":"eur""#, "the configured currency in small letters"),
    click(and: #""currency":"Eu\u0052""#, "the configured currency in letters of both sizes"),
    click(
      and: #""currency":"%UR""#, "a currency with a sign that is a letter less a bit",
      .wrongCurrency),
    click(and: #""currency":"EURO""#, "a currency of four letters", .wrongCurrency),
    click(and: #""currency":978"#, "a currency that is a number", .invalidField),
    record(
      "another currency on a cost", .cost, valid(.cost, and: #""amount":1,"currency":"USD""#),
      .rejected(.wrongCurrency)),
    record(
      "a malformed record lacks fields too", .click, Array(#"{"event_id":7,"#.utf8),
      .rejected(.malformedJSON)),
    click(and: #""event_id":7,"x":tru"#, "malformed comes before invalid", .malformedJSON),
    record(
      "missing comes before invalid", .click,
      Array(#"{"event_id":7,"user_id":"","event_time":"x","currency":"USD"}"#.utf8),
      .rejected(.missingField)),
    record(
      "invalid comes before the future", .click, valid(.click, and: #""cost":-1"#), at: 0,
      .rejected(.invalidField)),
    record(
      "invalid comes before another currency", .click,
      valid(.click, and: #""currency":"USD","ip":{}"#), .rejected(.invalidField)),
    record(
      "the future comes before another currency", .click, valid(.click, and: #""currency":"USD""#),
      at: 0, .rejected(.futureEvent)),
    record(
      "an invalid currency comes before the future", .click, valid(.click, and: #""currency":[]"#),
      at: 0, .rejected(.invalidField)),
  ]
}
