// Safety: as with `BorrowedBytes`, whoever makes values keeps them, and the bytes that they lend, until the call
// that takes them has returned; they are indexed below `count`.

/// The values of an event's configured fields, lent like its other names: "" where one is absent.
///
/// In the order of `ConfiguredFields`.
public struct ConfiguredValues {
  public let start: UnsafePointer<BorrowedBytes>
  private let counts: (all: UInt16, firstMatching: UInt16, matching: UInt16)

  public init(
    start: UnsafePointer<BorrowedBytes>, count: Int, matching: Range<Int>
  ) {
    self.start = start
    counts = (
      UInt16(truncatingIfNeeded: count), UInt16(truncatingIfNeeded: matching.lowerBound),
      UInt16(truncatingIfNeeded: matching.count)
    )
  }

  /// Of an event without such fields.
  public static var none: ConfiguredValues {
    // An address that is never read.
    ConfiguredValues(
      start: UnsafePointer(bitPattern: 16).unsafelyUnwrapped, count: 0, matching: 0..<0)
  }

  public var count: Int { Int(counts.all) }
  public var isEmpty: Bool { counts.all == 0 }

  /// Which of them touch and conversion must share.
  public var matching: Range<Int> {
    Int(counts.firstMatching)..<Int(counts.firstMatching) + Int(counts.matching)
  }

  public subscript(index: Int) -> BorrowedBytes { start[index] }
}
