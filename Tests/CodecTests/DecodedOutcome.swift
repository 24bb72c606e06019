// Safety: a record's bytes and the decoder outlive the copy that is taken of its event.

import Attribution
import Codec
import Foundation
import TestKit

/// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators): small, and the
/// same on every machine, so that a printed seed repeats a failure.
struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// Text of up to `maximumLength` characters out of all of Unicode, the awkward ones often.
  mutating func text(maximumLength: Int = 20) -> String {
    var text = String.UnicodeScalarView()
    for _ in 0..<Int.random(in: 0...maximumLength, using: &self) { text.append(scalar()) }
    return String(text)
  }

  private mutating func scalar() -> Unicode.Scalar {
    let limit: UInt32 = [0x20, 0x80, 0x80, 0x800, 0x1_0000, 0x11_0000].randomElement(using: &self)!
    return Unicode.Scalar(UInt32.random(in: 0..<limit, using: &self)) ?? "\u{FFFD}"
  }
}

/// A seed for one run of a test; printed by the test so that a failure can be repeated.
func newSeed(_ test: String = #function) -> UInt64 {
  // The same every time, unless somebody looks for more: TRIBUTARY_TEST_SEED=random.
  let isRandom = ProcessInfo.processInfo.environment["TRIBUTARY_TEST_SEED"] == "random"
  let seed = isRandom ? .random(in: .min ... .max) : test.utf8.reduce(7) { $0 &* 31 &+ UInt64($1) }
  print("\(test): seed \(seed)")
  return seed
}

/// What becomes of one record in a decoder of its own.
func outcome(
  of value: [UInt8]?, kind: EventKind = .click, recordTimestamp: Milliseconds = -1
) -> HostileRecord.Outcome {
  var decoder = EventDecoder(
    kind: kind, currency: HostileRecords.currency, maxFutureSkew: HostileRecords.maxFutureSkew,
    earliestEventTime: HostileRecords.earliestEventTime)
  return outcome(of: value, recordTimestamp: recordTimestamp, from: &decoder)
}

/// What becomes of one record in a decoder that has seen others.
func outcome(
  of value: [UInt8]?, recordTimestamp: Milliseconds = -1, from decoder: inout EventDecoder
) -> HostileRecord.Outcome {
  var event = Event(kind: .cost, time: 0, eventID: .empty, userID: .empty)
  guard let value else {
    let rejection = decoder.decode(nil, recordTimestamp: recordTimestamp, into: &event)
    return rejection.map { .rejected($0.reason) } ?? .accepted(AcceptedEvent(event))
  }
  return value.withUnsafeBytes { buffer in
    let rejection = decoder.decode(buffer, recordTimestamp: recordTimestamp, into: &event)
    return rejection.map { .rejected($0.reason) } ?? .accepted(AcceptedEvent(event))
  }
}
