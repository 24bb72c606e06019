// Safety: as `FuzzTarget`.

import Attribution

@testable import Codec
@testable import Configuration
@testable import Inputs

/// Events in foreign forms of JSON, by mappings that use everything there is.
struct MappedTarget: FuzzTarget {
  static let name = "mapped"

  static var seeds: [[UInt8]] {
    let texts = [
      #"{"type":"click","payload":{"id":"e","n":1},"ts":1767571500.25,"user":{"id":"u"},"utm":{"campaign":"c"}}"#,
      #"{"type":"order","id":"v","device":{"idfa":"d"},"at":"05.01.2026 00:05","total":"12,5","tags":[{"key":"a","value":"b"}]}"#,
      #"{"a.b":{"c":"\u0065"},"params":[{"key":"channel","value":"email"},{"key":"x","value":[1,2]}],"id":5,"type":"tap"}"#,
      #"{"event_id":"e","user_id":"u","event_time":1767571500000,"campaign_id":"c"}"#,
    ]
    return (0..<UInt8(3)).flatMap { choice in texts.map { [choice] + Array($0.utf8) } }
  }

  private var decoders: [InputDecoder]

  init() {
    let mappings = [
      #"""
      inputs:
        - topic: ads
          kind: click
          where: {type: [click, tap]}
          fields:
            event_id: payload.id
            event_time: {path: ts, unit: s}
            user_id: {first: [user.id, device.idfa]}
            campaign_id: {path: utm.campaign, default: none}
            channel: {path: "params[key=channel].value"}
            session_id: $key
        - topic: ads
          kind: conversion
          where: {type: order}
          fields:
            event_id: id
            user_id: device.idfa
            event_time: {path: at, format: "%d.%m.%Y %H:%M", timezone: Europe/Berlin}
            value: total
      """#,
      #"""
      inputs:
        - topic: ads
          kind: impression
          fields:
            event_id: $place
            user_id: {path: ["a.b", c]}
            event_time: $timestamp
            campaign_id: {path: "params[key=channel].value"}
            channel: {value: paid}
      """#,
      #"""
      inputs:
        - {topic: ads, kind: cost, fields: {amount: {path: total, default: "0"}, campaign_id: {first: [utm.campaign, campaign_id]}}}
      """#,
    ]
    decoders = mappings.map { yaml in
      let configuration = try! Configuration.load(yaml: yaml)
      let plans = try! InputPlans(configuration, registry: nil)
      return InputDecoder(plans.plan(of: "ads")!, definitions: Definitions())
    }
  }

  mutating func run(_ input: UnsafeRawBufferPointer) {
    guard let (choice, value) = input.chosen else { return }
    decode(value, with: &decoders[choice % decoders.count])
  }
}

/// Has a decoder read a value, and checks what it accepts.
func decode(_ value: UnsafeRawBufferPointer, with decoder: inout InputDecoder) {
  var event = Event(kind: .click, time: 0, eventID: .empty, userID: .empty)
  let record = InputRecord(
    partition: 3, offset: 7, timestamp: 1_767_571_500_000, key: value.isEmpty ? nil : value,
    value: value)
  if case .event? = try? decoder.decode(record, into: &event) { check(event) }
  decoder.recycle()
}
