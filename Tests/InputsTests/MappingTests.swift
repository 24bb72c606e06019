import Attribution
import Codec
import Configuration
import Testing

@testable import Inputs

/// JSON under other names becomes the same events.
@Suite struct MappingTests {
  static let time: Milliseconds = 1_767_571_262_345

  @Test func theContractsExampleIsRead() throws {
    var topic = try Topic(
      """
      kind: click, format: json, where: {type: [click, tap]}, fields: {event_id: payload.id, \
      event_time: {path: ts, unit: s}, user_id: {first: [user.id, device.idfa]}, \
      campaign_id: {path: utm.campaign, default: none}, channel: {value: paid_search}, \
      session_id: $header.x-session}
      """)
    let full = try topic.read(
      #"{"type":"tap","payload":{"id":"k-1"},"ts":1767571262.345999,"user":{"id":"u-1"},"utm":{"campaign":"c"},"cost":"0.5"}"#,
      headers: [("x-session", "a"), ("x-session", "s-1")])
    #expect(
      full
        == .event(
          OwnedEvent(
            .click, id: "k-1", user: "u-1", at: Self.time, campaign: "c", channel: "paid_search",
            session: "s-1", amount: 500_000)))
    // What is absent is passed over: null, "", and what is not there.
    let sparse = try topic.read(
      #"{"type":"click","ts":"1767571262","payload":{"id":17},"user":{"id":null},"device":{"idfa":"d-\u0031"},"utm":{"campaign":""}}"#
    )
    #expect(
      sparse
        == .event(
          OwnedEvent(
            .click, id: "17", user: "d-1", at: 1_767_571_262_000, campaign: "none",
            channel: "paid_search")))
    #expect(try topic.read(#"{"type":"view"}"#) == .filtered)
    #expect(try topic.read(#"{"kind":"click"}"#) == .filtered)
    #expect(try topic.read(#"{"type":"click""#) == .rejected(.malformedJSON))
    #expect(try topic.read(#"{"type":"click","ts":1}"#) == .rejected(.missingField))
    #expect(
      try topic.read(#"{"type":"tap","payload":{"id":"k"},"ts":1,"user":{"id":"u"}}"#)
        == .rejected(.invalidField))
    #expect(
      try topic.read(#"{"type":"tap","payload":{"id":{}},"ts":1767571262,"user":{"id":"u"}}"#)
        == .rejected(.invalidField))
    #expect(try topic.read([] as [UInt8]) == .rejected(.malformedJSON))
    #expect(try topic.read(nil as [UInt8]?) == .rejected(.malformedJSON))
    #expect(
      try topic.read(Array(repeating: UInt8(ascii: " "), count: 65_537)) == .rejected(.tooLarge))
  }

  @Test func ofSeveralInputsTheFirstWhoseConditionsHoldTakesARecord() throws {
    var topic = try Topic(
      "kind: click, where: {n: 1, flag: true}", "kind: conversion, where: {n: [1, 2]}",
      "kind: cost, where: {$key: spend}")
    let fields =
      #""event_id":"e","user_id":"u","event_time":1767571262345,"campaign_id":"c","amount":"1""#
    func kind(_ json: String, key: String? = nil) throws -> EventKind? {
      guard case .event(let event) = try topic.read("{\(fields),\(json)}", key: key) else {
        return nil
      }
      return event.kind
    }
    #expect(try kind(#""n":1,"flag":true"#) == .click)
    #expect(try kind(#""n":1,"flag":false"#) == .conversion)
    #expect(try kind(#""n":"1""#) == .conversion)
    #expect(try kind(#""n":"\u0032""#) == .conversion)
    #expect(try kind(#""n":12"#, key: "spend") == .cost)
    #expect(try kind(#""n":[1]"#) == nil)
    #expect(try kind(#""n":null"#) == nil)
  }

  @Test func keyTimestampAndPlaceAreSources() throws {
    var topic = try Topic(
      "kind: conversion, fields: {event_id: $place, user_id: $key, event_time: $timestamp}")
    #expect(
      try topic.read(#"{"value":2}"#, key: "u-ü", timestamp: Self.time)
        == .event(
          OwnedEvent(.conversion, id: "ads-3-1", user: "u-ü", at: Self.time, amount: 2_000_000)))
    #expect(try topic.read("{}", timestamp: Self.time) == .rejected(.missingField))
    #expect(try topic.read("{}", key: "u") == .rejected(.missingField))
  }

  @Test func pathsLeadThroughListsAndNamesWithDots() throws {
    var topic = try Topic(
      #"""
      kind: click, fields: {event_id: "ids[1]", user_id: ["user.id", "[0]"], event_time: "times.0.at", \#
      campaign_id: "params[key=campaign].value.text", channel: "params[key=channel].value.text", \#
      ad_id: "params[key=n].value.number", session_id: a\.b}
      """#)
    let result = try topic.read(
      #"""
      {"ids":["a","b","c"],"user.id":{"[0]":"u"},"user":{"id":"wrong"},"a.b":"s","a":{"b":"wrong"},
       "times":[{"at":"2026-01-05T00:01:02.345Z","x":[1,{"y":[]}]},{"at":"wrong"}],
       "params":[{"key":"other","value":{"text":"wrong"}},7,{"value":{"text":"c-1"},"key":"campaign"},
                 {"key":"channel","value":{"text":"\u0065mail"}},{"key":"channel","value":{"text":"second"}},
                 {"key":"n","value":{"number":5}}]}
      """#)
    #expect(
      result
        == .event(
          OwnedEvent(
            .click, id: "b", user: "u", at: Self.time, campaign: "c-1", channel: "email", ad: "5",
            session: "s")))
  }

  @Test func ofARepeatedKeyTheLastCountsWithAllBeneathIt() throws {
    var topic = try Topic(
      "kind: conversion, fields: {event_id: a.id, user_id: {first: [a.user, b]}, event_time: t}")
    #expect(
      try topic.read(
        #"{"a":{"id":"1","user":"u1"},"t":1767571262345,"b":"u2","a":{"id":"2"}}"#)
        == .event(OwnedEvent(.conversion, id: "2", user: "u2", at: Self.time)))
    #expect(
      try topic.read(#"{"a":{"id":"1","user":"u1"},"t":1767571262345,"b":"u2","a":7}"#)
        == .rejected(.missingField))
  }

  /// The same record again and again, with other orders between: what was learned of one must not mislead about another.
  @Test func theOrderOfKeysDoesNotMatter() throws {
    var topic = try Topic(
      "kind: conversion, fields: {event_id: outer.event.id, user_id: outer.user.id, event_time: outer.at}"
    )
    let parts = [
      #""event":{"id":"e","x":1}"#, #""user":{"id":"u"}"#, #""at":1767571262345"#, #""id":"wrong""#,
      #""more":{"event":{"id":"wrong"},"list":[{"id":1}]}"#,
    ]
    let expected = Result.event(OwnedEvent(.conversion, id: "e", user: "u", at: Self.time))
    for round in 0..<3 {
      for start in parts.indices {
        let order = parts[start...] + parts[..<start]
        for space in ["", " "] {
          let json = "{\(space)\"outer\":{" + order.joined(separator: ",\(space)") + "},\"id\":0}"
          #expect(try topic.read(json) == expected, "\(round) \(json)")
        }
      }
    }
  }

  @Test(
    arguments: [
      ("{unit: s}", "1767571262.345", time), ("{unit: s}", "1.767571262345e9", time),
      ("{unit: s}", "\"1767571262.3459\"", time), ("{unit: ms}", "1767571262345.9", time),
      ("{unit: us}", "1767571262345999", time), ("{unit: ns}", "1767571262345999999", time),
      ("{unit: s}", "\"soon\"", nil), ("{unit: s}", "1e400", nil), ("{unit: s}", "true", nil),
      (
        #"{format: "%d.%m.%Y %H:%M:%S.%f", timezone: Europe/Berlin}"#,
        #""05.01.2026 01:01:02.3456""#, time
      ),
      (
        #"{format: "%d.%m.%Y %H:%M:%S.%f", timezone: Europe/Berlin}"#, #""5.1.2026 1:1:2.345""#,
        time
      ),
      (
        #"{format: "%Y-%m-%d %H:%M:%S.%f %z", timezone: Europe/Berlin}"#,
        #""2026-01-05 02:01:02.345 +0200""#, time
      ),
      (#"{format: "%b %d %Y %I:%M:%S.%f %p"}"#, #""Jan 05 2026 12:01:02.345 AM""#, time),
      (#"{format: "%d.%m.%Y"}"#, #""31.02.2026""#, nil),
      (#"{format: "%Y%m%d"}"#, "20260105", time - 62_345),
    ] as [(String, String, Milliseconds?)])
  func timesHaveUnitsAndFormats(form: String, value: String, expected: Milliseconds?) throws {
    var topic = try Topic("kind: conversion, fields: {event_time: \(form)}")
    let result = try topic.read(#"{"event_id":"e","user_id":"u","event_time":\#(value)}"#)
    #expect(
      result
        == (expected.map { .event(OwnedEvent(.conversion, id: "e", user: "u", at: $0)) }
          ?? .rejected(.invalidField)))
  }

  @Test func clocksThatArePutForwardAndBackAreRead() throws {
    var topic = try Topic(
      #"kind: conversion, fields: {event_time: {format: "%Y-%m-%d %H:%M", timezone: Europe/Berlin}}"#
    )
    for (local, utc) in [
      ("2026-03-29 01:59", "2026-03-29T00:59:00Z"), ("2026-03-29 03:00", "2026-03-29T01:00:00Z"),
      // Skipped: as far behind the gap as behind its beginning.
      ("2026-03-29 02:30", "2026-03-29T01:30:00Z"),
      // Shown twice: the first time.
      ("2026-10-25 02:30", "2026-10-25T00:30:00Z"), ("2026-10-25 03:00", "2026-10-25T02:00:00Z"),
      ("2026-07-01 12:00", "2026-07-01T10:00:00Z"),
    ] {
      let result = try topic.read(
        #"{"event_id":"e","user_id":"u","event_time":"\#(local)"}"#)
      #expect(
        result == .event(OwnedEvent(.conversion, id: "e", user: "u", at: Time.parse(utc)!)),
        "\(local)")
    }
  }

  @Test func theRegistrysFrameBeforeJSONIsPassedOver() throws {
    var mapped = try Topic("kind: conversion, fields: {event_time: {path: t, unit: s}}")
    var own = try Topic("kind: conversion")
    let frame: [UInt8] = [0, 0, 0, 1, 7]
    #expect(
      try mapped.read(frame + Array(#"{"event_id":"e","user_id":"u","t":1767571262}"#.utf8))
        == .event(OwnedEvent(.conversion, id: "e", user: "u", at: 1_767_571_262_000)))
    #expect(own.decoder.plan.ownKind == .conversion)
    #expect(
      try own.read(
        frame + Array(#"{"event_id":"e","user_id":"u","event_time":1767571262000}"#.utf8))
        == .event(OwnedEvent(.conversion, id: "e", user: "u", at: 1_767_571_262_000)))
    #expect(try own.read(frame) == .rejected(.malformedJSON))
    #expect(try mapped.read([0, 0, 0]) == .rejected(.malformedJSON))
  }

  @Test func aMappingOfOurOwnNamesReadsAsOurOwnForm() throws {
    for record in HostileJSON.records {
      var own = try Topic("kind: click")
      var mapped = try Topic("kind: click, fields: {event_id: event_id}")
      #expect(mapped.decoder.plan.ownKind == nil)
      let expected = try own.read(record)
      #expect(try mapped.read(record) == expected, "\(String(decoding: record, as: UTF8.self))")
      // Learned keys must not change it.
      #expect(try mapped.read(record) == expected)
    }
  }
}
