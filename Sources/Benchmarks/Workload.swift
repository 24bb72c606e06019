import Attribution
import Codec
import Traffic

/// What the benchmarks run on: a last-touch job's traffic at an even rate, from a seed.
///
/// Ten clicks for every conversion, each some 180 bytes of JSON; 3% come twice. Most conversions
/// follow a click of their user within the look-back. Records arrive up to 30 seconds out of order.
/// The same options give the same bytes on every machine.
public struct Workload {
  /// How much traffic, and of how many.
  public struct Options: Sendable {
    public var seed: UInt64 = 1
    /// Records before the first one that is measured. They span 26 hours of event time, so that
    /// from then on as much is forgotten as is remembered.
    public var warmUp = 1_000_000
    /// Records per measured pass.
    public var events = 1_000_000
    public var users = 200_000
    public var campaigns = 200
    /// When the first record arrives: 2026-01-05 unless set.
    public var start: Milliseconds = 1_767_571_200_000
    /// Whether `fill` writes the events as another producer has them: under other names, nested, of both kinds in one
    /// topic.
    var isForeign = false

    public init() {}
  }

  private struct Record {
    var kind: EventKind
    var number: UInt64
    var user: UInt32
    var campaign: UInt32
    var ad: UInt32
    var time: Milliseconds
  }

  private static let warmUpSpan = 26.0 * 3_600_000
  private static let longestDelay = 30_000.0
  private static let channels = ["search", "social", "email", "display", "affiliate", "direct"]

  private let options: Options
  private let interval: Double
  private var random: SeededRandom
  private var count: UInt64 = 0
  /// The latest clicks, for conversions to follow and copies to be made of.
  private var recent: [Record] = []
  private var scratch: [UInt8] = []

  public init(_ options: Options) {
    self.options = options
    interval = Workload.warmUpSpan / Double(max(1, options.warmUp))
    random = SeededRandom(seed: options.seed)
  }

  /// Hands out the next record: its kind, its key (the user's id), its value and its Kafka timestamp, in
  /// milliseconds. The bytes are lent for the call.
  public mutating func next(
    _ body: (EventKind, UnsafeRawBufferPointer, UnsafeRawBufferPointer, Milliseconds) throws -> Void
  ) rethrows {
    let arrival = clock
    let record = next()
    scratch.removeAll(keepingCapacity: true)
    Workload.writeUser(record, into: &scratch)
    let keyCount = scratch.count
    Workload.write(record, into: &scratch)
    try scratch.withUnsafeBytes { bytes in
      try body(
        record.kind, UnsafeRawBufferPointer(rebasing: bytes[..<keyCount]),
        UnsafeRawBufferPointer(rebasing: bytes[keyCount...]), arrival)
    }
  }

  /// When the next record arrives.
  private var clock: Milliseconds { options.start + Milliseconds(Double(count) * interval) }

  /// Replaces what `chunk` holds by the next `count` records.
  public mutating func fill(_ chunk: Chunk, _ count: Int) {
    chunk.removeAll()
    for _ in 0..<count {
      let record = next()
      chunk.append(record.kind) {
        if options.isForeign {
          Workload.writeForeign(record, into: &$0)
        } else {
          Workload.write(record, into: &$0)
        }
      }
    }
  }

  private mutating func next() -> Record {
    let clock = clock
    count += 1
    if !recent.isEmpty, random.below(100) < 3 { return pick() }
    let isConversion = random.below(11) == 0
    var record = Record(
      kind: isConversion ? .conversion : .click, number: count &* 0x9E37_79B9_7F4A_7C15 >> 16,
      user: UInt32(random.below(Int64(options.users))), campaign: 0, ad: 0,
      time: clock - delay())
    if isConversion {
      if !recent.isEmpty, random.below(5) != 0 { record.user = pick().user }
      return record
    }
    let campaigns = Int64(options.campaigns)
    record.campaign = UInt32(min(random.below(campaigns), random.below(campaigns)))
    record.ad = UInt32(random.below(5))
    // Clicks of about the last ten minutes.
    let kept = max(1, Int(600_000 / interval))
    if recent.count < kept {
      recent.append(record)
    } else {
      recent[Int(count % UInt64(kept))] = record
    }
    return record
  }

  private mutating func pick() -> Record { recent[Int(random.below(Int64(recent.count)))] }

  /// Mostly a few seconds.
  private mutating func delay() -> Milliseconds {
    let fraction = Double(random.below(1_000)) / 1_000
    return Milliseconds(fraction * fraction * fraction * Workload.longestDelay)
  }

  private static func writeUser(_ record: Record, into bytes: inout [UInt8]) {
    bytes.append(text: "u-")
    bytes.append(digits: UInt64(record.user), 8)
  }

  /// How the foreign form is to be read: the value of `inputs`.
  static let mapping = """
    [{kind: click, topic: events, where: {type: click}, fields: {event_id: id, user_id: user.id, event_time: at, \
    campaign_id: utm.campaign, channel: utm.medium, ad_id: utm.content, session_id: visit, cost: price}}, \
    {kind: conversion, topic: events, where: {type: order}, fields: {event_id: id, user_id: user.id, event_time: at, \
    value: total}}]
    """

  private static func writeForeign(_ record: Record, into bytes: inout [UInt8]) {
    func text(_ string: StaticString) { bytes.append(text: string) }
    func digits(_ value: UInt64, _ count: Int, radix: UInt64 = 10) {
      bytes.append(digits: value, count, radix: radix)
    }
    let isClick = record.kind == .click
    text(#"{"type":""#)
    text(isClick ? "click" : "order")
    text(#"","id":""#)
    text(isClick ? "k-" : "v-")
    digits(record.number, 12, radix: 16)
    text(#"","user":{"id":""#)
    writeUser(record, into: &bytes)
    text(#""},"at":""#)
    Time.appendMilliseconds(record.time, to: &bytes)
    if isClick {
      text(#"","utm":{"campaign":"c-"#)
      digits(UInt64(record.campaign), 5)
      text(#"","medium":""#)
      bytes.append(contentsOf: Workload.channels[Int(record.campaign) % channels.count].utf8)
      text(#"","content":"a-"#)
      digits(UInt64(record.campaign * 5 + record.ad), 6)
      text(#""},"visit":"s-"#)
      digits(UInt64(record.time / 1_800_000) % 100_000, 5)
      text(#"","price":"0."#)
      digits(record.number % 100, 2)
      text(#""}"#)
    } else {
      text(#"","total":""#)
      digits(record.number % 300, 3)
      text(#".90","currency":"EUR","order_lines":["sku-"#)
      digits(record.number % 1_000_000, 6)
      text(#"",1]}"#)
    }
  }

  private static func write(_ record: Record, into bytes: inout [UInt8]) {
    func text(_ string: StaticString) { bytes.append(text: string) }
    func digits(_ value: UInt64, _ count: Int, radix: UInt64 = 10) {
      bytes.append(digits: value, count, radix: radix)
    }
    let isClick = record.kind == .click
    text(#"{"event_id":""#)
    text(isClick ? "k-" : "v-")
    digits(record.number, 12, radix: 16)
    text(#"","user_id":""#)
    writeUser(record, into: &bytes)
    text(#"","event_time":""#)
    Time.appendMilliseconds(record.time, to: &bytes)
    if isClick {
      text(#"","campaign_id":"c-"#)
      digits(UInt64(record.campaign), 5)
      text(#"","channel":""#)
      bytes.append(contentsOf: Workload.channels[Int(record.campaign) % channels.count].utf8)
      text(#"","ad_id":"a-"#)
      digits(UInt64(record.campaign * 5 + record.ad), 6)
      text(#"","session_id":"s-"#)
      digits(UInt64(record.time / 1_800_000) % 100_000, 5)
      text(#"","cost":"0."#)
      digits(record.number % 100, 2)
      text(#""}"#)
    } else {
      text(#"","value":""#)
      digits(record.number % 300, 3)
      text(#".90","currency":"EUR","order_lines":["sku-"#)
      digits(record.number % 1_000_000, 6)
      text(#"",1]}"#)
    }
  }
}

extension [UInt8] {
  fileprivate mutating func append(text string: StaticString) {
    append(
      contentsOf: UnsafeBufferPointer(start: string.utf8Start, count: string.utf8CodeUnitCount))
  }

  /// Appends a number in so many digits.
  fileprivate mutating func append(digits value: UInt64, _ count: Int, radix: UInt64 = 10) {
    let end = self.count + count
    append(contentsOf: repeatElement(0, count: count))
    var rest = value
    for position in 1...count {
      let digit = UInt8(rest % radix)
      self[end - position] = digit < 10 ? 48 + digit : 87 + digit
      rest /= radix
    }
  }
}
