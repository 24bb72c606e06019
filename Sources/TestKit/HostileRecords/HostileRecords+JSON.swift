import Attribution
import Codec

// MARK: - Sizes and structure

extension HostileRecords {
  static let sizes: [HostileRecord] = [
    record("a tombstone", .click, nil, .rejected(.malformedJSON)),
    record("an empty value", .click, [], .rejected(.malformedJSON)),
    record("64 KiB exactly", .click, padded(toBytes: 65_536), .accepted(acceptedClick())),
    record("one byte over 64 KiB", .click, padded(toBytes: 65_537), .rejected(.tooLarge)),
    record(
      "garbage over 64 KiB", .click, Array(repeating: 0xFF, count: 70_000), .rejected(.tooLarge)),
    record(
      "64 KiB of brackets", .click, Array(repeating: UInt8(ascii: "["), count: 65_536),
      .rejected(.malformedJSON)),
    record(
      "64 KiB of keys that open objects", .click,
      Array(String(repeating: #"{"":"#, count: 16_384).utf8), .rejected(.malformedJSON)),
    click(
      and: #""x":"# + String(repeating: "[", count: 30_000) + String(repeating: "]", count: 30_000),
      "30,000 arrays in each other"),
    click(
      and: #""x":"# + String(repeating: #"{"a":"#, count: 10_000) + "1"
        + String(repeating: "}", count: 10_000), "10,000 objects in each other"),
    click(
      and: #""x":"# + String(repeating: #"[{"a":"#, count: 8_000) + "1"
        + String(repeating: "}]", count: 8_000), "8,000 arrays and objects in each other"),
    click(
      and: #""x":"# + String(repeating: "[", count: 100) + String(repeating: "]", count: 99),
      "one bracket too few", .malformedJSON),
    click(
      and: #""x":"# + String(repeating: "[", count: 100) + String(repeating: "]", count: 101),
      "one bracket too many", .malformedJSON),
  ]

  static let structure: [HostileRecord] = [
    raw("blanks only", " \n\t ", .malformedJSON),
    raw("an array at the top", "[{\(clickFields)}]", .malformedJSON),
    raw("a string at the top", #""event""#, .malformedJSON),
    raw("a number at the top", "12", .malformedJSON),
    raw("null at the top", "null", .malformedJSON),
    raw("plain text", "hello", .malformedJSON),
    raw("an open brace", "{", .malformedJSON),
    raw("an empty object", "{}", .missingField),
    raw("a truncated record", "{\(clickFields)", .malformedJSON),
    raw("two records in one value", "{\(clickFields)}{\(clickFields)}", .malformedJSON),
    raw("a trailing comma", "{\(clickFields),}", .malformedJSON),
    raw("a leading comma", "{,\(clickFields)}", .malformedJSON),
    raw("two commas", #"{"a":1,,\#(clickFields)}"#, .malformedJSON),
    raw("no comma", #"{"a":1 \#(clickFields)}"#, .malformedJSON),
    raw("no colon", #"{"a" 1,\#(clickFields)}"#, .malformedJSON),
    raw("a key that is a number", "{1:2,\(clickFields)}", .malformedJSON),
    raw("a key without quotes", "{a:2,\(clickFields)}", .malformedJSON),
    raw("single quotes", "{'a':2,\(clickFields)}", .malformedJSON),
    raw("a comment", "{/* */\(clickFields)}", .malformedJSON),
    raw("a byte behind the record", "{\(clickFields)} x", .malformedJSON),
    raw("a zero byte behind the record", "{\(clickFields)}\u{0}", .malformedJSON),
    raw("the wrong closing bracket", "{\(clickFields)]", .malformedJSON),
    raw("a vertical tab as a blank", "{\u{B}\(clickFields)}", .malformedJSON),
    raw("a no-break space as a blank", "{\u{A0}\(clickFields)}", .malformedJSON),
    click(and: #""x":[1}"#, "an array closed as an object", .malformedJSON),
    click(and: #""x":{"a":1]"#, "an object closed as an array", .malformedJSON),
    click(and: #""x":[1,]"#, "a trailing comma in an array", .malformedJSON),
    click(and: #""x":[1 2]"#, "no comma in an array", .malformedJSON),
    click(and: #""x":{"a"}"#, "a key without a value", .malformedJSON),
    click(and: #""x":"#, "a field without a value", .malformedJSON),
    click(and: #""x":nul"#, "a truncated null", .malformedJSON),
    click(and: #""x":True"#, "a capital True", .malformedJSON),
    click(and: #""x":NaN"#, "NaN", .malformedJSON),
    click(and: #""x":-Infinity"#, "minus infinity", .malformedJSON),
    click(and: #""x":01"#, "a leading zero", .malformedJSON),
    click(and: #""x":-01"#, "a leading zero behind a minus", .malformedJSON),
    click(and: #""x":+1"#, "a plus sign", .malformedJSON),
    click(and: #""x":1."#, "a point without decimals", .malformedJSON),
    click(and: #""x":.5"#, "a point without digits before it", .malformedJSON),
    click(and: #""x":1e"#, "an exponent without digits", .malformedJSON),
    click(and: #""x":1e+"#, "an exponent of a sign only", .malformedJSON),
    click(and: #""x":-"#, "a minus alone", .malformedJSON),
    click(and: #""x":0x10"#, "a hexadecimal number", .malformedJSON),
    click(and: #""x":1_000"#, "an underscore in a number", .malformedJSON),
    click(
      and: #""x":[0,-0,1.5e308,-1E+999,1e-9,\#(String(repeating: "9", count: 5_000))]"#,
      "huge numbers in an unknown field"),
    click(
      and: #""x":{"a":[{},[],"",null,true,false,{"b":{"event_id":"no"}}],"user_id":7}"#,
      "known names inside an unknown field"),
    record(
      "blanks wherever they may be", .click,
      Array(
        (" \r\n{\t\"event_id\" :\n\"e\" , \"user_id\":\t\"u\"\r,\"event_time\" : 1767571500000 ,"
          + "\"campaign_id\": \"c\" , \"x\" : [ 1 , { \"a\" : [ ] } , { } ] }\n ").utf8),
      .accepted(acceptedClick())),
  ]
}

// MARK: - Strings and encodings

extension HostileRecords {
  static let strings: [HostileRecord] = [
    click(and: #""x":"abc"#, "a string without an end", .malformedJSON),
    click(and: #""x":"abc\"#, "a string that ends in a backslash", .malformedJSON),
    click(and: #""x":"a\qb""#, "an unknown escape", .malformedJSON),
    click(and: #""x":"\U0041""#, "a capital U escape", .malformedJSON),
    click(and: #""x":"\u00g1""#, "an escape with a letter that is no digit", .malformedJSON),
    click(and: #""x":"\u004""#, "an escape with three digits", .malformedJSON),
    click(and: #""x":"\ud800""#, "a lone high surrogate escape in an unknown field"),
    click(and: #""x":"\udc00""#, "a lone low surrogate escape in an unknown field"),
    click(and: #""x":"\ud800\ud800""#, "two high surrogate escapes in an unknown field"),
    click(and: #""x":"\ud800\n""#, "a high surrogate before another escape"),
    click(and: #""x":"\ud800\q""#, "a high surrogate before an unknown escape", .malformedJSON),
    click(and: #""x":"\ud800\udc0""#, "a high surrogate before half an escape", .malformedJSON),
    click(and: #""x":"\ude00\ud83d""#, "surrogate escapes in the wrong order"),
    click(and: #""\ud800":1"#, "a lone surrogate escape in a key"),
    click(and: #""x":[["\uDFFF"]]"#, "a lone surrogate escape deep inside"),
    click("a line feed in a string", unknownString: [0x0A], .rejected(.malformedJSON)),
    click("a zero byte in a string", unknownString: [0x00], .rejected(.malformedJSON)),
    click(
      "a control character behind eight plain ones",
      unknownString: Array("12345678".utf8) + [0x1F], .rejected(.malformedJSON)),
    click("a delete character in a string", unknownString: [0x7F], .accepted(acceptedClick())),
    click(
      and: #""channel":"\"\\\/\b\f\n\r\t\u00e9\u20AC\ud83d\uDE00","ad_id":"\u0000""#,
      "every escape there is"
    ) {
      $0.channel = "\"\\/\u{8}\u{C}\n\r\té€😀"
      $0.adID = "\u{0}"
    },
  ]

  static let encodings: [HostileRecord] = [
    record(
      "a byte order mark", .click, [0xEF, 0xBB, 0xBF] + Array("{\(clickFields)}".utf8),
      .rejected(.malformedJSON)),
    record(
      "UTF-16", .click, Array("{\(clickFields)}".utf8).flatMap { [$0, 0] },
      .rejected(.malformedJSON)),
    click("Latin-1", unknownString: [0xE9], .rejected(.malformedJSON)),
    click("a lone continuation byte", unknownString: [0x80], .rejected(.malformedJSON)),
    click("a truncated character", unknownString: [0xE2, 0x82], .rejected(.malformedJSON)),
    click("an overlong slash", unknownString: [0xC0, 0xAF], .rejected(.malformedJSON)),
    click("an overlong DEL", unknownString: [0xC1, 0xBF], .rejected(.malformedJSON)),
    click(
      "an overlong three-byte form", unknownString: [0xE0, 0x9F, 0xBF], .rejected(.malformedJSON)),
    click(
      "an overlong four-byte form", unknownString: [0xF0, 0x8F, 0xBF, 0xBF],
      .rejected(.malformedJSON)),
    click(
      "a surrogate as three bytes", unknownString: [0xED, 0xA0, 0x80], .rejected(.malformedJSON)),
    click(
      "a character above U+10FFFF", unknownString: [0xF4, 0x90, 0x80, 0x80],
      .rejected(.malformedJSON)),
    click(
      "a five-byte form", unknownString: [0xF8, 0x88, 0x80, 0x80, 0x80],
      .rejected(.malformedJSON)),
    click("byte FF", unknownString: [0xFF], .rejected(.malformedJSON)),
    click(
      "the first and last character of every length",
      unknownString: Array("\u{80}\u{7FF}\u{800}\u{D7FF}\u{E000}\u{FFFF}\u{10000}\u{10FFFF}".utf8),
      .accepted(acceptedClick())),
    raw("a character beyond ASCII outside of strings", "{\(clickFields),é:1}", .malformedJSON),
  ]
}

// MARK: - Keys

extension HostileRecords {
  static let keys: [HostileRecord] = [
    click(and: #""event_id":"e2""#, "a repeated key: the last counts") { $0.eventID = "e2" },
    record(
      "a repeated key: an invalid one before a valid one", .click,
      Array(#"{"event_id":7,"user_id":null,"event_time":"never",\#(clickFields)}"#.utf8),
      .accepted(acceptedClick())),
    click(and: #""event_id":null"#, "a repeated key: null comes last", .missingField),
    click(and: #""cost":"1","cost":null"#, "a repeated optional key: null comes last"),
    click(
      and: #""cost":-1,"cost":"2.5""#, "a repeated optional key: an invalid one before a valid one"
    ) { $0.amount = 2_500_000 },
    click(and: #""channel":"a","chann\u0065l":"b""#, "a repeated key, spelled differently") {
      $0.channel = "b"
    },
    record(
      "every key in escapes", .click,
      Array(
        (#"{"event\u005fid":"e","\u0075ser_id":"u","event_time":1767571500000,"#
          + #""\u0063\u0061\u006d\u0070\u0061\u0069\u0067\u006E\u005F\u0069\u0064":"c"}"#).utf8),
      .accepted(acceptedClick())),
    record(
      "a key in capitals is another field", .click,
      Array(#"{"Event_ID":"e","user_id":"u","event_time":1767571500000,"campaign_id":"c"}"#.utf8),
      .rejected(.missingField)),
    record(
      "a key with a blank is another field", .click,
      Array(#"{"event_id ":"e","user_id":"u","event_time":1767571500000,"campaign_id":"c"}"#.utf8),
      .rejected(.missingField)),
    click(and: #""event_xd":7,"cosT":-1,"ad_iD":7,"":0"#, "keys that are nearly known"),
    click(
      and: "\"\(String(repeating: #"\u0061"#, count: 5_000))\":1",
      "a key of 30,000 bytes of escapes"
    ),
    record(
      "fields of other kinds on a conversion", .conversion,
      valid(
        .conversion, and: #""channel":7,"campaign_id":[],"ip":{},"cost":"x","amount":-1,"ad_id":1"#),
      .accepted(AcceptedEvent(kind: .conversion, userID: "u"))),
    record(
      "fields of other kinds on a cost", .cost,
      valid(.cost, and: #""amount":1,"user_id":7,"value":-1,"session_id":true"#),
      .accepted(AcceptedEvent(kind: .cost, amount: 1_000_000, campaignID: "c"))),
    record(
      "fields of other kinds on an impression", .impression,
      valid(.impression, and: #""amount":"x","value":"y""#),
      .accepted(AcceptedEvent(kind: .impression, userID: "u", campaignID: "c"))),
  ]
}
