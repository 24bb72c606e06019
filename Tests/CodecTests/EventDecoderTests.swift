// Safety: every buffer is used only inside the closure that lends it.

import Attribution
import Codec
import TestKit
import Testing

private let now: Milliseconds = 1_767_600_000_000

@Suite("Event decoder")
struct EventDecoderTests {
  private func newDecoder(_ kind: EventKind = .click) -> EventDecoder {
    EventDecoder(
      kind: kind, currency: "EUR", maxFutureSkew: 300_000,
      earliestEventTime: HostileRecords.earliestEventTime)
  }

  private let nobody = Event(kind: .cost, time: 0, eventID: .empty, userID: .empty)

  @Test("A touch has all of its fields")
  func touch() {
    let value = """
      {"event_id":"k-9","user_id":"u-1","event_time":"2026-01-05T00:01:02.003Z",\
      "campaign_id":"c-7","channel":"email","ad_id":"a-3","session_id":"s-2","ip":"10.0.0.1",\
      "cost":"0.350000","currency":"EUR"}
      """
    let expected = AcceptedEvent(
      kind: .impression, time: 1_767_571_262_003, amount: 350_000, eventID: "k-9", userID: "u-1",
      campaignID: "c-7", channel: "email", adID: "a-3", sessionID: "s-2")
    #expect(outcome(of: Array(value.utf8), kind: .impression) == .accepted(expected))
  }

  @Test(
    "An event is of the future by its record's clock or by the processor's",
    arguments: [
      (now, now, nil), (now - 300_001, now, .futureEvent), (now, now - 300_001, .futureEvent),
      (now - 300_000, now - 300_000, nil), (-1, now - 300_000, nil),
      (-1, now - 300_001, .futureEvent), (-1, .max, nil), (now, .max, nil),
    ] as [(Milliseconds, Milliseconds, RejectionReason?)])
  func future(record: Milliseconds, clock: Milliseconds, rejection: RejectionReason?) {
    let value = Array(
      #"{"event_id":"k","user_id":"u","event_time":\#(now),"campaign_id":"c"}"#.utf8)
    var decoder = newDecoder()
    decoder.clock = clock
    var event = nobody
    value.withUnsafeBytes {
      #expect(decoder.decode($0, recordTimestamp: record, into: &event)?.reason == rejection)
    }
  }

  @Test("Seconds taken for milliseconds are invalid, not an event of 1970")
  func earliest() {
    var decoder = EventDecoder(kind: .click, definitions: Definitions())
    var event = nobody
    for (time, rejection) in [
      ("1767571262", RejectionReason.invalidField), (#""1999-12-31T23:59:59.999Z""#, .invalidField),
      (#""2000-01-01T00:00:00Z""#, nil), ("1767571262003", nil),
    ] {
      let value = Array(
        #"{"event_id":"k","user_id":"u","event_time":\#(time),"campaign_id":"c"}"#.utf8)
      value.withUnsafeBytes {
        #expect(
          decoder.decode($0, recordTimestamp: -1, into: &event)?.reason == rejection, "\(time)")
      }
    }
    #expect(event.time == 1_767_571_262_003)
  }

  @Test("Plain names are lent from the record itself")
  func namesPointIntoTheRecord() {
    let value = Array(
      #"{"event_id":"k","user_id":"u","event_time":1767571500000,"campaign_id":"größe"}"#.utf8)
    var decoder = newDecoder()
    var event = nobody
    value.withUnsafeBytes { buffer in
      #expect(decoder.decode(buffer, recordTimestamp: -1, into: &event) == nil)
      for name in [event.eventID, event.userID, event.campaignID] {
        let start = UnsafeRawPointer(name.start)
        #expect(start > buffer.baseAddress! && start < buffer.baseAddress! + buffer.count)
      }
    }
  }

  @Test("Names with escapes stay in place until the decoder is recycled")
  func scratchMemoryDoesNotMove() {
    var decoder = newDecoder()
    for _ in 0..<3 {
      var ids: [BorrowedBytes] = []
      // Far more than one chunk of scratch memory holds.
      for index in 0..<3_000 {
        let padding = String(repeating: #"\u00e4"#, count: 50)
        let value = Array(
          """
          {"event_id":"\\u006b-\(index)-\(padding)","user_id":"u","event_time":1767571500000,"campaign_id":"c"}
          """.utf8)
        var event = nobody
        value.withUnsafeBytes {
          #expect(decoder.decode($0, recordTimestamp: -1, into: &event) == nil)
        }
        ids.append(event.eventID)
      }
      let padding = String(repeating: "ä", count: 50)
      #expect(ids.indices.allSatisfy { ids[$0].string == "k-\($0)-\(padding)" })
      decoder.recycle()
    }
  }

  @Test("A rejected record leaves the event as it was")
  func rejectionLeavesTheEvent() {
    var decoder = newDecoder()
    var event = Event(kind: .cost, time: 42, amount: 7, eventID: .empty, userID: .empty)
    for record in HostileRecords.all where record.kind == .click {
      guard case .rejected(let expected) = record.expected, let value = record.value else {
        continue
      }
      value.withUnsafeBytes {
        let rejection = decoder.decode(
          $0, recordTimestamp: record.recordTimestamp, into: &event)
        #expect(rejection?.reason == expected)
      }
      #expect(event.kind == .cost && event.time == 42 && event.amount == 7)
      #expect(event.eventID.isEmpty)
    }
  }

  @Test("A field of the record before is not taken for one of this record")
  func fieldsDoNotLeakFromRecordToRecord() {
    var decoder = newDecoder()
    let full =
      #"{"event_id":"e","user_id":"u","event_time":1767571500000,"campaign_id":"c","channel":"x"}"#
    _ = outcome(of: Array(full.utf8), from: &decoder)
    let bare = #"{"event_id":"e","user_id":"u","event_time":1767571500000}"#
    #expect(outcome(of: Array(bare.utf8), from: &decoder) == .rejected(.missingField))
  }

  @Test("Sums of times that do not fit do not trap")
  func skewOverflow() {
    let value = Array(#"{"event_id":"e","user_id":"u","event_time":0}"#.utf8)
    for (skew, timestamp, expected) in [
      (Milliseconds.max, Milliseconds.max, nil),
      (.min, .min, RejectionReason.futureEvent),
      (.max, .min, .futureEvent),
      (0, 0, nil),
    ] {
      var decoder = EventDecoder(kind: .conversion, currency: "EUR", maxFutureSkew: skew)
      var event = nobody
      value.withUnsafeBytes {
        #expect(decoder.decode($0, recordTimestamp: timestamp, into: &event)?.reason == expected)
      }
    }
  }
}
