import Attribution
import Codec
import TestKit
import Testing

private let now: Milliseconds = 1_767_600_000_000

/// What is wrong with a record, in the words of its dead letter.
@Suite("Details of rejections")
struct RejectionDetailTests {
  private func rejection(
    of value: String?, _ kind: EventKind = .click, record: Milliseconds = -1,
    clock: Milliseconds = .max
  ) -> Rejection? {
    var decoder = EventDecoder(kind: kind, definitions: Definitions())
    decoder.clock = clock
    var event = Event(kind: .cost, time: 0, eventID: .empty, userID: .empty)
    guard let value else { return decoder.decode(nil, recordTimestamp: record, into: &event) }
    return Array(value.utf8).withUnsafeBytes {
      decoder.decode($0, recordTimestamp: record, into: &event)
    }
  }

  /// A click with a field of this name and value at its end, where the last of a name counts.
  private func click(_ field: String, _ value: String) -> String {
    """
    {"event_id":"e","user_id":"u","event_time":\(now),"campaign_id":"c","\(field)":\(value)}
    """
  }

  @Test(
    "A field's fault is named with the field",
    arguments: [
      ("event_id", "null", "is null, and required"),
      ("user_id", #""""#, "is empty, and required"),
      (
        "event_id", "12.5",
        "is a number with a point or an exponent; write it as a string, or as an integer"
      ),
      ("user_id", #"["u"]"#, "is an array, not a string"),
      ("campaign_id", "true", "is a boolean, not a string"),
      ("channel", #"{"a":1}"#, "is an object, not a string"),
      ("ad_id", #""\ud83d""#, "is not Unicode text: it holds half of a surrogate pair"),
      ("session_id", "\"\(String(repeating: "s", count: 129))\"", "is longer than 128 bytes"),
      ("ip", #""\#(String(repeating: #"\u0061"#, count: 129))""#, "is longer than 128 bytes"),
      (
        "event_time", #""05.01.2026""#,
        "is not a time, as in 2026-01-05T00:05:00Z, nor an integer of milliseconds"
      ),
      ("event_time", "1.5e12", "is a number with a point or an exponent, not integer milliseconds"),
      ("event_time", "[]", "is an array, not a string or a number"),
      (
        "event_time", "999999999999999",
        "is a number of milliseconds outside of the years 0000 to 9999"
      ),
      (
        "event_time", "1767571262",
        "lies before earliest_event_time; it looks like seconds, and milliseconds are wanted"
      ),
      ("event_time", #""1999-12-31T23:59:59Z""#, "lies before earliest_event_time"),
      ("cost", #""abc""#, "is not an amount of digits, as in 12.5"),
      ("cost", #""€ 5""#, "is not an amount of digits, as in 12.5"),
      ("cost", "-1", "is negative"),
      (
        "cost", #""1.234,50""#,
        "has a comma; decimals stand behind a point, and nothing between thousands"
      ),
      (
        "cost", "0.12345678",
        "has 8 decimals, at most 6 are allowed unless excess_decimals is round"
      ),
      ("cost", "1.5e-9", "has 10 decimals, at most 6 are allowed unless excess_decimals is round"),
      ("cost", "1000000000001", "is more than 10^12"),
      ("cost", "1e400", "is more than 10^12"),
      ("cost", "{}", "is an object, not a string or a number"),
      ("version", "-1", "is not an integer from 0 to 2147483647"),
      ("version", "2147483648", "is not an integer from 0 to 2147483647"),
      ("deleted", "1", "is neither true nor false"),
      (
        "original_time", #""yesterday""#,
        "is not a time, as in 2026-01-05T00:05:00Z, nor an integer of milliseconds"
      ),
      ("currency", "978", "is a number, not a string"),
      ("currency", #""USD""#, "is not the configured currency"),
    ])
  func fields(field: String, value: String, detail: String) throws {
    let found = try #require(rejection(of: click(field, value)))
    #expect(found.field?.name == field)
    #expect("\(found.detail)" == detail)
    #expect("\(found)" == "\(field) \(detail)")
    let expected: RejectionReason =
      ["null", #""""#].contains(value)
      ? .missingField : value == #""USD""# ? .wrongCurrency : .invalidField
    #expect(found.reason == expected)
  }

  @Test("A field that the configuration adds is named as it names it")
  func configuredField() throws {
    var definitions = Definitions()
    definitions.dimensions = ["country"]
    definitions.conversionDimensions = ["goal"]
    for (kind, name) in [(EventKind.click, "country"), (.conversion, "goal")] {
      var decoder = EventDecoder(kind: kind, definitions: definitions)
      var event = Event(kind: .cost, time: 0, eventID: .empty, userID: .empty)
      let found = try #require(
        Array(click(name, "{}").utf8).withUnsafeBytes {
          decoder.decode($0, recordTimestamp: -1, into: &event)
        })
      #expect(found.fieldName(definitions) == name)
      #expect(found.text(definitions) == "\(name) is an object, not a string")
    }
  }

  @Test("A required field that is not there is named")
  func missing() throws {
    for (kind, field) in [
      (EventKind.click, "campaign_id"), (.impression, "campaign_id"), (.cost, "campaign_id"),
    ] {
      let found = try #require(
        rejection(of: #"{"event_id":"e","user_id":"u","event_time":\#(now),"amount":1}"#, kind))
      #expect(found == Rejection(.missingField, .campaignID, .isMissing))
      #expect("\(found)" == "\(field) is missing")
    }
    #expect(rejection(of: "{}", .conversion) == Rejection(.missingField, .eventID, .isMissing))
  }

  @Test(
    "A record that is no JSON object says where it stops being one",
    arguments: [
      (nil, "has no value"), ("", "has no value"), ("[1]", "is no JSON object"),
      ("hello", "is no JSON object"), (#"{"a":1"#, "ends within its JSON object"),
      (#"{"a":"x"#, "ends within its JSON object"),
      (#"{"a":1,}"#, "is not well-formed JSON: byte 8 does not belong there"),
      (#"{"a":01}"#, "is not well-formed JSON: byte 7 does not belong there"),
      (#"{"a":1} x"#, "is not well-formed JSON: byte 9 does not belong there"),
      (#"{"a" 1}"#, "is not well-formed JSON: byte 6 does not belong there"),
    ] as [(String?, String)])
  func records(value: String?, detail: String) throws {
    let found = try #require(rejection(of: value))
    #expect(found.reason == .malformedJSON && found.field == nil)
    #expect("\(found)" == "the record \(detail)")
  }

  @Test("A record that is too large says how large it is")
  func size() throws {
    let found = try #require(rejection(of: String(repeating: " ", count: 70_000)))
    #expect(found.reason == .tooLarge)
    #expect("\(found.detail)" == "has 70000 bytes, at most 65536 are allowed")
  }

  @Test(
    "An event of the future says by how much, and by whose clock",
    arguments: [
      (
        now - 14 * 60_000, now,
        "lies 14 min after the record's timestamp, more than max_future_skew allows"
      ),
      (
        now - 7 * 3_600_000, now,
        "lies 7 h after the record's timestamp, more than max_future_skew allows"
      ),
      (
        -1, now - 365 * 86_400_000,
        "lies 365 d after the processor's clock, more than max_future_skew allows"
      ),
      (
        now, now - 301_000,
        "lies 5 min after the processor's clock, more than max_future_skew allows"
      ),
    ] as [(Milliseconds, Milliseconds, String)])
  func future(record: Milliseconds, clock: Milliseconds, detail: String) throws {
    let found = try #require(rejection(of: click("x", "1"), record: record, clock: clock))
    #expect(found.reason == .futureEvent && found.field == .eventTime)
    #expect("\(found.detail)" == detail)
  }

  @Test("Every hostile record has a short detail that names a fault, and no value")
  func hostileRecords() throws {
    for record in HostileRecords.all {
      guard case .rejected(let reason) = record.expected else { continue }
      var decoder = EventDecoder(
        kind: record.kind, currency: HostileRecords.currency,
        maxFutureSkew: HostileRecords.maxFutureSkew,
        earliestEventTime: HostileRecords.earliestEventTime)
      var event = Event(kind: .cost, time: 0, eventID: .empty, userID: .empty)
      let found =
        record.value?.withUnsafeBytes {
          decoder.decode($0, recordTimestamp: record.recordTimestamp, into: &event)
        } ?? decoder.decode(nil, recordTimestamp: record.recordTimestamp, into: &event)
      let rejection = try #require(found, "\(record.name)")
      #expect(rejection.reason == reason, "\(record.name)")
      #expect(rejection.detail != .isUnusable, "\(record.name)")
      let isOfField = reason != .malformedJSON && reason != .tooLarge
      #expect((rejection.field != nil) == isOfField, "\(record.name)")
      let text = "\(rejection.detail)"
      #expect(text.utf8.count <= 120 && !text.contains("nnn"), "\(record.name): \(text)")
    }
  }

  @Test("A rejection holds no memory of its own")
  func sizeOfRejection() {
    #expect(_isPOD(Rejection.self))
    #expect(MemoryLayout<Rejection>.size <= 32)
  }
}
