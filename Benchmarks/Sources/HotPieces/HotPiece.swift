import Attribution
import Codec

/// A step of an event's way that is measured by itself.
public enum HotPiece: String, CaseIterable, Sendable {
  /// A click's bytes to an event.
  case decode
  /// An event beyond the correction horizon: only the watermark looks at it.
  case admit
  /// An event that came before: its id is hashed and found.
  case dedup
  /// A click that is new: remembered in its user's journey and counted in two views.
  case join
  /// A click, a conversion of the same user, and the conversion's credit.
  case credit
  /// The change of one rollup bucket, handed out with the commit.
  case delta

  /// Sets the piece up.
  public func makeRun() -> any PieceRun {
    switch self {
    case .decode: DecodeRun()
    case .admit: RefusedRun(isTooLate: true)
    case .dedup: RefusedRun(isTooLate: false)
    case .join: JourneyRun(converts: false)
    case .credit: JourneyRun(converts: true)
    case .delta: DeltaRun()
    }
  }
}

/// A piece that is set up.
public protocol PieceRun: AnyObject {
  /// Does the piece so many times. The result depends on all of it.
  func run(_ count: Int) -> Int
}

private func makeTask() -> AttributionTask {
  AttributionTask(
    definitions: Definitions(), kinds: [.click, .conversion],
    secret: IdentitySecret((0..<32).map { UInt8($0) })!)
}

private final class DecodeRun: PieceRun {
  private static let record =
    #"{"event_id":"k-9e3779b97f4a","user_id":"u-00012345","event_time":"2026-01-05T00:01:02.345Z","#
    + #""campaign_id":"c-00042","channel":"search","ad_id":"a-000213","session_id":"s-01234","cost":"0.35"}"#

  private let bytes = Array(DecodeRun.record.utf8)
  private var decoder = EventDecoder(kind: .click, currency: "EUR", maxFutureSkew: 300_000)

  func run(_ count: Int) -> Int {
    var event = Event(kind: .click, time: 0, eventID: .empty, userID: .empty)
    var accepted = 0
    bytes.withUnsafeBytes { bytes in
      for _ in 0..<count {
        if decoder.decode(bytes, recordTimestamp: -1, into: &event) == nil {
          accepted += event.campaignID.count
        }
      }
    }
    return accepted
  }
}

/// Events that change nothing.
private final class RefusedRun: PieceRun {
  private let task = makeTask()
  private let source = EventSource()

  init(isTooLate: Bool) {
    // A day and an hour later, or in between, on both inputs.
    let distance: Milliseconds = isTooLate ? 25 * 3_600_000 : 3_600_000
    for kind in [EventKind.click, .conversion] {
      source.next(kind, user: 0, campaign: 0, time: EventSource.start + distance)
      _ = task.apply(source.event, EventIdentity(UnsafePointer(source.event), task.key))
    }
    source.next(.click, user: 1, campaign: 1, time: EventSource.start)
    _ = task.apply(source.event, EventIdentity(UnsafePointer(source.event), task.key))
  }

  func run(_ count: Int) -> Int {
    var accepted = 0
    for _ in 0..<count {
      let identity = EventIdentity(UnsafePointer(source.event), task.key)
      if task.apply(source.event, identity).isAccepted { accepted += 1 }
    }
    return accepted
  }
}

/// Clicks in the order of time, of 20,000 users; as much is forgotten as is remembered.
private final class JourneyRun: PieceRun {
  private static let users: UInt64 = 20_000
  private static let commit = 10_000

  private let task = makeTask()
  private let source = EventSource()
  private let converts: Bool
  private var number: UInt64 = 0

  init(converts: Bool) {
    self.converts = converts
    _ = run(100_000)
  }

  func run(_ count: Int) -> Int {
    var result = 0
    for index in 0..<count {
      number += 1
      let time = EventSource.start + Milliseconds(number) * 1_000
      let user = number &* 7_919 % JourneyRun.users
      result += apply(.click, user, time)
      if converts { result += apply(.conversion, user, time + 500) }
      if index % JourneyRun.commit == JourneyRun.commit - 1 || index == count - 1 {
        if converts { task.forEachCorrectedConversion { result += $0.touches.count } }
        task.endCommit()
      }
    }
    return result
  }

  private func apply(_ kind: EventKind, _ user: UInt64, _ time: Milliseconds) -> Int {
    source.next(kind, user: user, campaign: user % 200, time: time)
    let identity = EventIdentity(UnsafePointer(source.event), task.key)
    return task.apply(source.event, identity).isAccepted ? 1 : 0
  }
}

private final class DeltaRun: PieceRun {
  private static let campaigns: UInt64 = 1_000

  private let task = makeTask()
  private let source = EventSource()

  init() {
    for campaign in 0..<DeltaRun.campaigns {
      source.next(.click, user: campaign, campaign: campaign, time: EventSource.start)
      _ = task.apply(source.event, EventIdentity(UnsafePointer(source.event), task.key))
    }
  }

  func run(_ count: Int) -> Int {
    var result: Int64 = 0
    var visited = 0
    while visited < count {
      task.forEachDelta { delta in
        visited += 1
        result &+= delta.sums[SumsLayout.clicks]
      }
    }
    return Int(result)
  }
}
