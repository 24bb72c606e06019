import Attribution
import Codec
import Testing

@testable import Inputs

/// Data of our own by the published field lists of others.
@Suite struct PublicFormTests {
  private static let time = Time.parse("2026-01-05T00:01:02.345Z")!

  /// https://docs.snowplow.io/docs/fundamentals/canonical-event/ in its JSON form (the Analytics SDKs').
  @Test func snowplowsEnrichedEvent() throws {
    let id = "01234567-89ab-cdef-0123-456789abcdef"
    var topic = try Topic(
      """
      kind: conversion, where: {app_id: shop, event: transaction}, fields: {event_id: tr_orderid, \
      user_id: {first: [user_id, domain_userid]}, event_time: {path: derived_tstamp, format: "%Y-%m-%dT%H:%M:%S.%fZ"}, \
      value: tr_total, currency: tr_currency}
      """,
      """
      kind: click, where: {app_id: shop, event_name: link_click}, fields: {event_id: event_id, \
      user_id: {first: [user_id, domain_userid]}, event_time: {path: derived_tstamp, format: "%Y-%m-%dT%H:%M:%S.%fZ"}, \
      campaign_id: {first: [mkt_campaign, "contexts_com_acme_ad_1[0].campaign"]}, channel: mkt_medium, ad_id: mkt_content, \
      session_id: domain_sessionid, ip: user_ipaddress}
      """)
    func record(_ event: String, _ more: String) -> String {
      """
      {"app_id":"shop","platform":"web","etl_tstamp":"2026-01-05T00:01:04.000Z","collector_tstamp":\
      "2026-01-05T00:01:03.000Z","dvce_created_tstamp":"2026-01-05T00:01:02.300Z","event":"\(event)","event_id":"\(id)",\
      "txn_id":null,"name_tracker":"sp","v_tracker":"js-3.1","user_id":null,"user_ipaddress":"192.0.2.7",\
      "domain_userid":"d-1","domain_sessionidx":3,"domain_sessionid":"s-1","geo_country":"DE","derived_tstamp":\
      "2026-01-05T00:01:02.345Z","contexts_com_acme_ad_1":[{"campaign":"c-ctx","_schema_version":"1-0-0"}],\(more)}
      """
    }
    #expect(
      try topic.read(
        record(
          "unstruct",
          #""event_name":"link_click","mkt_medium":"cpc","mkt_source":"google","mkt_campaign":"","mkt_content":"a-1""#
        ))
        == .event(
          OwnedEvent(
            .click, id: id, user: "d-1", at: Self.time, campaign: "c-ctx", channel: "cpc",
            ad: "a-1",
            session: "s-1")))
    #expect(
      try topic.read(
        record("transaction", #""tr_orderid":"o-1","tr_total":59.9,"tr_currency":"EUR""#))
        == .event(
          OwnedEvent(.conversion, id: "o-1", user: "d-1", at: Self.time, amount: 59_900_000)))
    #expect(try topic.read(record("page_ping", #""event_name":"page_ping""#)) == .filtered)
  }

  /// https://segment.com/docs/connections/spec/track/ with the semantic event "Order Completed".
  /// Its `version` is the library's form, not the event's.
  @Test func segmentsTrack() throws {
    var topic = try Topic(
      """
      kind: conversion, where: {type: track, event: [Order Completed, Signed Up]}, fields: {event_id: \
      {first: [properties.order_id, messageId]}, user_id: {first: [userId, anonymousId]}, event_time: timestamp, \
      value: {first: [properties.revenue, properties.total]}, currency: properties.currency, version: {value: 0}}
      """,
      """
      kind: click, where: {type: track, event: Ad Clicked}, fields: {event_id: messageId, user_id: {first: [userId, \
      anonymousId]}, event_time: timestamp, campaign_id: context.campaign.name, channel: context.campaign.medium, \
      ad_id: context.campaign.content, ip: context.ip, version: {value: 0}}
      """)
    func record(_ event: String, _ properties: String) -> String {
      """
      {"anonymousId":"anon-1","channel":"browser","context":{"campaign":{"name":"TPS","source":"Newsletter","medium":\
      "email","content":"image link"},"ip":"192.0.2.7","library":{"name":"analytics.js"},"page":{"path":"/x"}},\
      "event":"\(event)","integrations":{},"messageId":"m-1","originalTimestamp":"2026-01-05T00:01:02.300Z","properties":\
      {\(properties)},"receivedAt":"2026-01-05T00:01:03.000Z","sentAt":"2026-01-05T00:01:02.400Z","timestamp":\
      "2026-01-05T00:01:02.345Z","type":"track","userId":"AiUGstSDIg","version":2}
      """
    }
    #expect(
      try topic.read(
        record(
          "Order Completed",
          #""order_id":"50314b8e","total":27.5,"revenue":25.00,"currency":"EUR","products":[{"product_id":"507f"}]"#
        ))
        == .event(
          OwnedEvent(
            .conversion, id: "50314b8e", user: "AiUGstSDIg", at: Self.time, amount: 25_000_000)))
    #expect(
      try topic.read(record("Ad Clicked", ""))
        == .event(
          OwnedEvent(
            .click, id: "m-1", user: "AiUGstSDIg", at: Self.time, campaign: "TPS", channel: "email",
            ad: "image link")))
    #expect(try topic.read(record("Product Viewed", "")) == .filtered)
    #expect(
      try topic.read(record("Order Completed", #""order_id":"o","total":1,"currency":"USD""#))
        == .rejected(.wrongCurrency))
  }

  /// https://support.google.com/analytics/answer/7029846: GA4's export to BigQuery, rows as JSON.
  @Test func ga4sExport() throws {
    var topic = try Topic(
      """
      kind: conversion, where: {event_name: purchase}, fields: {event_id: ecommerce.transaction_id, user_id: \
      {first: [user_id, user_pseudo_id]}, event_time: {path: event_timestamp, unit: us}, value: ecommerce.purchase_revenue, \
      currency: "event_params[key=currency].value.string_value"}
      """,
      """
      kind: click, where: {event_name: session_start}, fields: {event_id: $place, user_id: {first: [user_id, \
      user_pseudo_id]}, event_time: {path: event_timestamp, unit: us}, campaign_id: {first: \
      ["event_params[key=campaign].value.string_value", traffic_source.name], default: (none)}, channel: \
      {first: ["event_params[key=medium].value.string_value", traffic_source.medium]}, session_id: \
      "event_params[key=ga_session_id].value.int_value"}
      """)
    func record(_ name: String, _ more: String = "") -> String {
      """
      {"event_date":"20260105","event_timestamp":"1767571262345678","event_name":"\(name)","event_params":\
      [{"key":"ga_session_id","value":{"string_value":null,"int_value":"1767570000","float_value":null,"double_value":null}},\
      {"key":"currency","value":{"string_value":"EUR"}},{"key":"medium","value":{"string_value":"cpc"}}],\
      "event_bundle_sequence_id":"1","user_id":null,"user_pseudo_id":"1234.5678","privacy_info":{"ads_storage":"Yes"},\
      "device":{"category":"mobile"},"geo":{"country":"Germany"},"traffic_source":{"name":"spring","medium":"organic",\
      "source":"google"},"stream_id":"1"\(more)}
      """
    }
    #expect(
      try topic.read(
        record(
          "purchase",
          #","ecommerce":{"total_item_quantity":"1","purchase_revenue":12.34,"transaction_id":"T-1"},"items":[]"#
        ))
        == .event(
          OwnedEvent(.conversion, id: "T-1", user: "1234.5678", at: Self.time, amount: 12_340_000)))
    #expect(
      try topic.read(record("session_start"))
        == .event(
          OwnedEvent(
            .click, id: "ads-3-2", user: "1234.5678", at: Self.time, campaign: "spring",
            channel: "cpc", session: "1767570000")))
    #expect(try topic.read(record("scroll")) == .filtered)
  }

  /// https://cloudevents.io, version 1.0: structured mode, and binary mode with the attributes in headers.
  @Test func cloudEvents() throws {
    var structured = try Topic(
      """
      kind: click, where: {type: com.example.ad.clicked.v1}, fields: {event_id: id, user_id: data.user, event_time: time, \
      campaign_id: data.campaign, channel: data.channel}
      """)
    let expected = Result.event(
      OwnedEvent(
        .click, id: "A234-1234-1234", user: "u-1", at: Self.time, campaign: "c-1", channel: "email")
    )
    #expect(
      try structured.read(
        """
        {"specversion":"1.0","type":"com.example.ad.clicked.v1","source":"/ads","subject":"123","id":"A234-1234-1234",\
        "time":"2026-01-05T01:01:02.345+01:00","datacontenttype":"application/json","data":\
        {"user":"u-1","campaign":"c-1","channel":"email"}}
        """) == expected)
    var binary = try Topic(
      """
      kind: click, where: {$header.ce_type: com.example.ad.clicked.v1}, fields: {event_id: $header.ce_id, user_id: user, \
      event_time: $header.ce_time, campaign_id: campaign}
      """)
    let headers: [(String, String?)] = [
      ("ce_specversion", "1.0"), ("ce_type", "com.example.ad.clicked.v1"),
      ("ce_id", "A234-1234-1234"), ("ce_time", "2026-01-05T00:01:02.345Z"),
    ]
    #expect(binary.decoder.plan.needsHeaders && !structured.decoder.plan.needsHeaders)
    #expect(
      try binary.read(
        #"{"user":"u-1","campaign":"c-1","channel":"email"}"#, headers: headers) == expected)
    #expect(try binary.read("{}") == .filtered)
  }
}
