// Safety: the bytes of ids are written in place and lent for one call of `apply`.

import Attribution
import Codec
import Traffic

/// What a long look-back of clicks takes in memory, beside a hundred times as many impressions that earn nothing.
///
/// Clicks of the look-back, then two days of clicks and impressions, so that every kind is remembered for as long as it is kept.
/// Every event has a UUID for its id and a session, every touch a cost; users are twenty for each hundred impressions.
public struct LookbackRun {
  /// The state after one run.
  public struct Figures: Sendable {
    public var impressionsPerDay: Int
    public var clicksPerDay: Int
    public var identities: Int
    /// Touches and conversions.
    public var records: Int
    /// All overhead included.
    public var bytes: Int
  }

  private static let day: Milliseconds = 86_400_000

  private let impressionsPerDay: Int
  private let definitions: Definitions
  private let task: AttributionTask
  private var random: SeededRandom
  private var effects = 0

  /// - Parameters:
  ///   - days: the look-back.
  ///   - impressionsPerDay: a hundredth of them are clicks, and a fifth of those convert.
  public init(days: Int, impressionsPerDay: Int, seed: UInt64) {
    var definitions = Definitions()
    definitions.lookback = Milliseconds(days) * Self.day
    definitions.models = Model.allCases
    self.definitions = definitions
    self.impressionsPerDay = impressionsPerDay
    random = SeededRandom(seed: seed)
    task = AttributionTask(
      definitions: definitions, kinds: [.impression, .click, .conversion], secret: .ofBenchmarks)
  }

  public mutating func measure() -> Figures {
    let start: Milliseconds = 1_767_571_200_000
    let days = definitions.lookback / Self.day
    let clicks = max(1, impressionsPerDay / 100)
    pass(days: days, from: start, impressions: 0, clicks: clicks)
    pass(days: 2, from: start + days * Self.day, impressions: impressionsPerDay, clicks: clicks)
    let size = task.size
    return Figures(
      impressionsPerDay: impressionsPerDay, clicksPerDay: clicks, identities: size.identityCount,
      records: size.recordCount, bytes: task.byteCount)
  }

  private mutating func pass(
    days: Int64, from start: Milliseconds, impressions: Int, clicks: Int
  ) {
    // Of so many touches and conversions a day, one a step.
    let cycle = max(1, impressions / clicks) + (impressions > 0 ? 1 : 0)
    let perDay = impressions + clicks + clicks / 5
    let total = perDay * Int(days)
    for number in 0..<total {
      let time = start + Milliseconds(Double(number) / Double(perDay) * Double(Self.day))
      let position = number % (5 * cycle + 1)
      let kind: EventKind =
        position == 5 * cycle ? .conversion : position % cycle == 0 ? .click : .impression
      apply(kind, at: time)
      if number % 50_000 == 49_999 { commit() }
    }
    commit()
  }

  private mutating func apply(_ kind: EventKind, at time: Milliseconds) {
    let user = random.below(Int64(max(1, impressionsPerDay / 5)))
    let campaign = random.below(200)
    let texts = [
      Self.uuid(random.next(), random.next()), Array("u-\(user)".utf8),
      Array("c-\(campaign)".utf8), Array("s-\(user % 97)-\(time / 1_800_000)".utf8),
    ]
    texts.withLentBytes { texts in
      var event = Event(kind: kind, time: time, eventID: texts[0], userID: texts[1])
      event.input = kind.rawValue
      event.amount = 250_000
      if kind.isTouch {
        event.campaignID = texts[2]
        event.sessionID = texts[3]
      }
      if task.apply(event).isAccepted { effects += 1 }
    }
  }

  private mutating func commit() {
    task.forEachCorrectedConversion { effects += $0.touches.count }
    task.forEachDelta { effects += $0.sums.count }
    task.endCommit()
  }

  private static func uuid(_ high: UInt64, _ low: UInt64) -> [UInt8] {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(36)
    for index in 0..<32 {
      if [8, 12, 16, 20].contains(index) { text.append(UInt8(ascii: "-")) }
      let word = index < 16 ? high : low
      text.append(digits[Int(word >> UInt64(4 * (index % 16)) & 15)])
    }
    return text
  }
}

extension [[UInt8]] {
  /// Lends all of the texts for one call.
  fileprivate func withLentBytes(_ body: ([BorrowedBytes]) -> Void) {
    let all = flatMap { $0 }
    all.withUnsafeBytes { bytes in
      var start = 0
      body(
        map { text in
          defer { start += text.count }
          return BorrowedBytes(UnsafeRawBufferPointer(rebasing: bytes[start..<start + text.count]))
        })
    }
  }
}
