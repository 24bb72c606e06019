/// How far event time has come, as far as anybody knows.
///
/// A watermark says: events older than this are no longer expected. Watermarks form a lattice under
/// `meet`: `idle` is its neutral element (an idle input holds nobody back) and `unknown`, the
/// watermark of an input that has not shown an event yet, absorbs everything.
public struct Watermark: Hashable, Sendable, Comparable {
  /// Milliseconds since the epoch, or one of the two ends of the scale.
  public let time: Milliseconds

  @inlinable public init(_ time: Milliseconds) { self.time = time }

  // The ends keep a distance from Int64's own so that adding a duration cannot overflow.
  /// Nothing is known yet: behind every event.
  public static let unknown = Watermark(-(1 << 61))
  /// Ahead of every event: the neutral element of `meet`.
  public static let idle = Watermark(1 << 61)

  /// Whether it names a real time.
  @inlinable public var isKnown: Bool { self != .unknown && self != .idle }

  @inlinable public static func < (left: Watermark, right: Watermark) -> Bool {
    left.time < right.time
  }

  /// The greatest lower bound: what both agree has passed.
  @inlinable public func meet(_ other: Watermark) -> Watermark { min(self, other) }

  /// This watermark moved back by a duration; the ends stay where they are.
  @inlinable public func moved(back duration: Milliseconds) -> Watermark {
    isKnown ? Watermark(time - duration) : self
  }
}
