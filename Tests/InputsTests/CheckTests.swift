import Attribution
import Testing

@testable import Configuration
@testable import Inputs

/// What `inputs check` says of records and mappings.
@Suite struct CheckTests {
  private func report(
    _ entries: [String], _ records: [String]
  ) throws -> (TopicReport, [RecordExplanation]) {
    let list = entries.map { "  - {topic: ads, \($0)}" }.joined(separator: "\n")
    let configuration = try Configuration.load(yaml: "inputs:\n" + list)
    let plan = try #require(InputPlans(configuration).plan(of: "ads"))
    var decoder = InputDecoder(plan, definitions: Definitions(), explains: true)
    var report = TopicReport(plan)
    let explanations = try records.map { record in
      try Array(record.utf8).withUnsafeBytes { value in
        try decoder.explain(
          InputRecord(partition: 0, offset: 5, timestamp: -1, key: nil, value: value))
      }
    }
    for explanation in explanations { report.add(explanation) }
    return (report, explanations)
  }

  @Test func aRecordIsShownBesideWhatItBecame() throws {
    let (report, records) = try report(
      [
        "kind: click, where: {t: click}, fields: {event_id: id, user_id: {first: [u, d]}, event_time: {path: ts, unit: s}, campaign_id: {value: c}}"
      ],
      [
        #"{"t":"click","id":"k-1","d":"u-\u0031","ts":1767571262,"cost":"0.5"}"#,
        #"{"t":"view"}"#, #"{"t":"click","id":"k-1","ts":1767571262}"#, "oops",
      ])
    let fields = Dictionary(uniqueKeysWithValues: records[0].fields.map { ($0.name, $0) })
    #expect(records[0].reading == .event && records[0].kind == .click && records[0].reason == "")
    #expect(fields["event_time"]?.path == "ts")
    #expect(fields["event_time"]?.found == "1767571262")
    #expect(fields["event_time"]?.became == "2026-01-05T00:01:02.000Z")
    #expect(fields["user_id"]?.path == "d" && fields["user_id"]?.found == "u-1")
    #expect(fields["campaign_id"]?.path == "" && fields["campaign_id"]?.became == "c")
    #expect(fields["cost"]?.became == "0.500000")
    #expect(fields["channel"]?.found == nil)
    #expect(records[1].reason == #"filtered: t is "view""#)
    #expect(
      records[2].reason
        == "missing_field: user_id is missing (looked for at u, d)")
    #expect(records[2].field == "user_id" && records[2].detail == "is missing")
    #expect(records[3].reason.hasPrefix("malformed_json: the record ") && records[3].entry == nil)
    #expect((report.records, report.events, report.filtered, report.rejected) == (4, 1, 1, 2))
    #expect(report.warnings.isEmpty)
  }

  @Test func whatNeverFitsIsSaid() throws {
    let (report, _) = try report(
      [
        "kind: click, where: {t: [click, tap]}, fields: {user_id: usr, ad_id: creative.id}",
        "kind: conversion, where: {t: order}", "kind: cost, where: {a: b}",
      ],
      Array(
        repeating:
          #"{"t":"tap","a":"b","event_id":"k","user_id":"u","event_time":1767571262000,"campaign_id":"c"}"#,
        count: 3) + [#"{"t":"view"}"#, #"{"t":"click","a":"b"}"#])
    #expect(
      report.warnings == [
        "ads, click (entry 1): user_id: usr is in none of 4 records",
        "ads, click (entry 1): ad_id: creative.id is in none of 4 records",
        #"ads, conversion (entry 2): `where` holds for none of 5 records; most are filtered: t is "view", a is not there"#,
        #"ads, cost (entry 3): `where` holds for none of 5 records; most are filtered: t is "view", a is not there"#,
        "ads: 4 of 5 records fit entry 1 (click) and entry 3 (cost); the first takes them",
      ])
  }

  /// What is proposed must be a mapping by which the records can be read.
  private func expectUsable(
    _ records: [String], topic: String, _ count: Int, _ comment: Comment? = nil
  ) throws -> String {
    let proposal = MappingProposal(topic: topic, values: records.map { Array($0.utf8) }).yaml
    let configuration = try Configuration.load(yaml: proposal)
    let plan = try #require(InputPlans(configuration).plan(of: topic))
    var decoder = InputDecoder(plan, definitions: Definitions())
    var event = Event(kind: .click, time: 0, eventID: .empty, userID: .empty)
    let usable = try records.count { record in
      try Array(record.utf8).withUnsafeBytes { value in
        try decoder.decode(
          InputRecord(partition: 0, offset: 0, timestamp: -1, key: nil, value: value), into: &event)
          == .event
      }
    }
    #expect(usable == count, "\(proposal)")
    return proposal
  }

  @Test func aMappingIsProposedByUsualNames() throws {
    let flat = try expectUsable(
      [
        #"{"gclid":"g-1","userId":"u","timestamp":1767571262,"utm_campaign":"c","utm_medium":"cpc","ip":"192.0.2.7"}"#
      ], topic: "ad-clicks", 1)
    #expect(
      flat == """
        inputs:
          - kind: click
            topic: ad-clicks
            fields:
              event_id: gclid
              user_id: userId
              event_time: {path: timestamp, unit: s}
              campaign_id: utm_campaign
              channel: utm_medium
        """)
    let track = try expectUsable(
      [
        #"{"type":"track","event":"Order Completed","messageId":"m","anonymousId":"a","timestamp":"2026-01-05T00:01:02Z","properties":{"order_id":"o","revenue":3.5,"currency":"EUR"},"context":{"ip":"x"}}"#,
        #"{"type":"track","event":"Ad Clicked","messageId":"n","anonymousId":"a","timestamp":"2026-01-05T00:01:02Z","context":{"campaign":{"name":"c","medium":"email"}}}"#,
        #"{"type":"page","messageId":"p","anonymousId":"a","timestamp":"2026-01-05T00:01:02Z"}"#,
      ], topic: "events", 2)
    #expect(track.contains("where: {event: \"Order Completed\"}"))
    #expect(track.contains("campaign_id: context.campaign.name"))
    let ga4 = try expectUsable(
      [
        #"{"event_name":"purchase","event_timestamp":1767571262345678,"user_pseudo_id":"1.2","event_params":[{"key":"transaction_id","value":{"string_value":"T"}},{"key":"value","value":{"double_value":5.5}}]}"#
      ], topic: "ga4", 1)
    #expect(ga4.contains(#"event_id: "event_params[key=transaction_id].value.string_value""#))
    #expect(ga4.contains("event_time: {path: event_timestamp, unit: us}"))
    let cloud = try expectUsable(
      [
        #"{"specversion":"1.0","id":"1","type":"com.example.ad.clicked.v1","time":"2026-01-05T00:00:00Z","data":{"user_id":"u","campaign":"c"}}"#
      ], topic: "bus", 1)
    #expect(cloud.contains("where: {type: com.example.ad.clicked.v1}"))
    #expect(MappingProposal(topic: "x", values: [Array("oops".utf8)]).yaml == "")
  }
}
