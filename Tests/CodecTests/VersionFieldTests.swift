// Safety: every buffer is used only inside the closure that lends it.

import Attribution
import Codec
import Testing
import Verification

/// The fields that make an event another version of one, and how the deduped stream says them.
@Suite("Versions in records")
struct VersionFieldTests {
  private let now: Milliseconds = 1_767_600_000_000

  /// What becomes of a record with these fields beside the usual ones.
  private func decode(
    _ fields: String, _ kind: EventKind = .click, at timestamp: Milliseconds = -1
  ) -> (RejectionReason?, OracleEvent) {
    let value = Array(
      #"{"event_id":"k","user_id":"u","event_time":\#(now),"campaign_id":"c","amount":1\#(fields)}"#
        .utf8)
    var decoder = EventDecoder(kind: kind, definitions: Definitions())
    return value.withUnsafeBytes { value in
      var event = Event(kind: kind, time: 0, eventID: .empty, userID: .empty)
      let rejection = decoder.decode(value, recordTimestamp: timestamp, into: &event)
      return (rejection?.reason, OracleEvent(event))
    }
  }

  @Test(
    "A version is an integer of 31 bits",
    arguments: [
      ("0", 0), ("1", 1), ("2147483647", .max), ("null", 0), (#""""#, 0), (#""7""#, 7),
      ("2147483648", nil), ("-1", nil), ("1.0", nil), ("1e3", nil), ("true", nil), (#""x""#, nil),
      ("[1]", nil), ("99999999999999999999", nil),
    ] as [(String, Int32?)])
  func version(text: String, expected: Int32?) {
    for kind in EventKind.allCases {
      let (rejection, event) = decode(#","version":\#(text)"#, kind)
      #expect(rejection == (expected == nil ? .invalidField : nil))
      #expect(expected == nil || event.version == expected)
    }
  }

  @Test(
    "Deleted is true or false",
    arguments: [
      ("true", true), ("false", false), ("null", false), (#""""#, false), (#""true""#, true),
      (#""false""#, false), ("1", nil), ("0", nil), (#""yes""#, nil), (#""TRUE""#, nil),
      ("{}", nil),
    ] as [(String, Bool?)])
  func deleted(text: String, expected: Bool?) {
    for kind in EventKind.allCases {
      let (rejection, event) = decode(#","deleted":\#(text)"#, kind)
      #expect(rejection == (expected == nil ? .invalidField : nil))
      #expect(expected == nil || event.isDeleted == expected)
    }
  }

  @Test("The original time has the forms of the event's, and its limits")
  func originalTime() {
    #expect(decode("").1.originalTime == nil)
    #expect(decode(#","original_time":null"#).1.originalTime == nil)
    #expect(decode(#","original_time":1767600000001"#).1.originalTime == now + 1)
    #expect(decode(#","original_time":"2026-01-05T09:00:00+01:00""#).1.originalTime == now)
    #expect(decode(#","original_time":"yesterday""#).0 == .invalidField)
    #expect(decode(#","original_time":1767600000"#).0 == .invalidField)
    #expect(decode(#","original_time":1767600300001"#, at: now).0 == .futureEvent)
    #expect(decode(#","original_time":1767600300000"#, at: now).0 == nil)
  }

  @Test("The deduped stream has every field that was there, and no other")
  func acceptedRecords() throws {
    func text(
      _ kind: EventKind, _ value: String, isLate: Bool = false, replaces: Int32? = nil
    ) throws -> String {
      var decoder = EventDecoder(kind: kind, definitions: Definitions())
      var writer = AcceptedWriter(definitions: Definitions())
      return Array(value.utf8).withUnsafeBytes { value in
        var event = Event(kind: kind, time: 0, eventID: .empty, userID: .empty)
        #expect(decoder.decode(value, recordTimestamp: -1, into: &event) == nil)
        return withUnsafePointer(to: event) {
          writer.write($0, isLate: isLate, replaces: replaces)
          return String(decoding: writer.bytes, as: UTF8.self)
        }
      }
    }
    #expect(
      try text(
        .click,
        """
        {"event_id":7,"user_id":"\\u00fc","event_time":"2026-01-05T08:00:00.5Z","campaign_id":"c",
         "channel":"x","ad_id":null,"session_id":"s","ip":"10.0.0.1","cost":0.35,"currency":"eur",
         "version":2,"original_time":1767600000000}
        """, isLate: true, replaces: 0)
        == #"{"kind":"click","event_id":"7","user_id":"ü","event_time":1767600000500,"#
        + #""original_time":1767600000000,"campaign_id":"c","channel":"x","session_id":"s","#
        + #""ip":"10.0.0.1","cost":"0.350000","currency":"EUR","version":2,"late":true,"replaces":0}"#
    )
    #expect(
      try text(
        .conversion, #"{"event_id":"v","user_id":"u","event_time":1767600000000,"deleted":true}"#)
        == #"{"kind":"conversion","event_id":"v","user_id":"u","event_time":1767600000000,"#
        + #""deleted":true,"late":false}"#)
    let cost = try text(
      .cost, #"{"event_id":"f","event_time":1767600000000,"campaign_id":"c","amount":"5"}"#)
    #expect(
      cost == #"{"kind":"cost","event_id":"f","event_time":1767600000000,"campaign_id":"c","#
        + #""amount":"5.000000","late":false}"#)
    let labels = try Array(cost.utf8).withUnsafeBytes { try AcceptedLabels($0) }
    #expect(labels.kind == .cost && !labels.isLate && labels.replaces == nil)
  }
}
