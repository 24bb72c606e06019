import Attribution
import CAllocationCount
import Testing

@testable import Inputs

/// In the steady state no record that is mapped allocates.
@Suite(.serialized) struct MappedAllocationTests {
  @Test func noMappedRecordAllocates() throws {
    var topic = try Topic(
      """
      kind: click, where: {type: [click, tap]}, fields: {event_id: {first: [id, $place]}, \
      user_id: {first: [user.id, device.idfa]}, event_time: {path: ts, unit: s}, \
      campaign_id: {path: utm.campaign, default: none}, channel: "params[key=channel].value", ad_id: $key}
      """, "kind: conversion, where: {type: order}")
    let records = [
      #"{"type":"tap","id":"k-1","ts":1767571262.345,"user":{"id":"u-\u0031"},"utm":{"campaign":"c"},"params":[{"key":"channel","value":"x"}]}"#,
      #"{"type":"click","id":"","ts":1767571262,"user":{"id":""},"device":{"idfa":"d"}}"#,
      #"{"type":"view"}"#,
      #"{"type":"order","event_id":"o"}"#, "oops",
    ].map { Array($0.utf8) }
    var event = Event(kind: .click, time: 0, eventID: .empty, userID: .empty)
    let key = Array("the key of a record".utf8)
    func pass(_ count: Int) throws -> Int {
      var events = 0
      for _ in 0..<count {
        for record in records {
          try record.withUnsafeBytes { value in
            try key.withUnsafeBytes { key in
              let reading = try topic.decoder.decode(
                InputRecord(partition: 1, offset: 2, timestamp: -1, key: key, value: value),
                into: &event)
              if reading == .event { events += 1 }
            }
          }
        }
        topic.decoder.recycle()
      }
      return events
    }
    _ = try pass(10)
    let before = allocation_count()
    #expect(try pass(200) == 400)
    #expect(allocation_count() - before == 0)
  }
}
