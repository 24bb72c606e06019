// Safety: as `FuzzTarget`.

import Attribution

@testable import Codec
@testable import Configuration

/// Events in our own form.
struct DecoderTarget: FuzzTarget {
  static let name = "decoder"

  static var seeds: [[UInt8]] {
    let texts = [
      #"{"event_id":"e","user_id":"u","event_time":"2026-01-05T00:06:10.250Z","campaign_id":"c","cost":"0.5"}"#,
      #"{"event_id":"e","user_id":7,"event_time":1767571500000,"campaign_id":"c","country":"DE","account_id":"a"}"#,
      #"{"event_id":"e","user_id":"u","event_time":"2026-01-05 00:06+05","value":5e-05,"currency":"eur","goal":"x"}"#,
      #"{"event_id":"e","campaign_id":"c\u00e9\ud83d\ude00","event_time":1767571500000,"amount":12.50,"version":3}"#,
      #"{"event_id":"e","user_id":"u","event_time":1767571500000,"deleted":true,"original_time":1,"x":[{"y":null}]}"#,
    ]
    return (0..<UInt8(8)).flatMap { choice in texts.map { [choice] + Array($0.utf8) } }
  }

  private var decoders: [EventDecoder]

  init() {
    var extended = Definitions()
    extended.dimensions = ["country"]
    extended.conversionDimensions = ["goal"]
    extended.matchOn = ["account_id"]
    extended.excessDecimals = .round
    decoders = [Definitions(), extended].flatMap { definitions in
      EventKind.allCases.map { EventDecoder(kind: $0, definitions: definitions) }
    }
  }

  mutating func run(_ input: UnsafeRawBufferPointer) {
    guard let (choice, value) = input.chosen else { return }
    let index = choice % decoders.count
    defer { decoders[index].recycle() }
    var event = Event(kind: .click, time: 0, eventID: .empty, userID: .empty)
    let rejection = decoders[index].decode(
      value, recordTimestamp: 1_767_571_500_000, into: &event)
    if rejection == nil { check(event) }
    if choice >= 128 {
      _ = decoders[index].decodeFramed(value, recordTimestamp: -1, into: &event)
    }
  }
}

/// What every event that is accepted has.
func check(_ event: Event) {
  let names = [
    event.eventID, event.userID, event.campaignID, event.channel, event.adID, event.sessionID,
    event.ip,
  ]
  for name in names + (0..<event.values.count).map({ event.values[$0] }) {
    consume(name.buffer)
    require(name.count <= EventDecoder.maximumNameLength, "a name is too long")
    require(String(validating: name.buffer, as: UTF8.self) != nil, "a name is no text")
  }
  require(!event.eventID.isEmpty, "an event has no id")
  require(event.kind == .cost || !event.userID.isEmpty, "an event has no user")
  require(event.amount >= 0, "an amount is negative")
  require(event.version >= 0, "a version is negative")
}
