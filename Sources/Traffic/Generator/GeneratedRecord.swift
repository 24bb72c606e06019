import Attribution
import Codec

/// What a generated record is: what a correct processor must make of it.
public enum Truth: Hashable, Sendable {
  /// Accepted, and the first of its event id.
  case ordinary
  /// A copy of an accepted event, of the same topic and key, after it.
  case duplicate
  /// A higher version of an accepted event, after it and in the order of versions.
  case version
  /// Accepted after its window may have closed.
  case late
  /// Older than the correction horizon on arrival.
  case tooLate
  /// A dead letter with this reason.
  case malformed(RejectionReason)

  /// Whether the event counts: ordinary or late.
  public var isAccepted: Bool { self == .ordinary || self == .late }
}

/// One record for an input topic, with the truth about it.
public struct GeneratedRecord: Sendable {
  /// Which input topic it is for.
  public var kind: EventKind
  /// `user_id`, or `campaign_id` on costs.
  public var key: [UInt8]
  public var value: [UInt8]
  /// When it arrived: the record's CreateTime. Never decreases along the sequence.
  public var timestamp: Milliseconds
  public var truth: Truth

  package init(
    kind: EventKind, key: [UInt8], value: [UInt8], timestamp: Milliseconds, truth: Truth
  ) {
    self.kind = kind
    self.key = key
    self.value = value
    self.timestamp = timestamp
    self.truth = truth
  }
}
