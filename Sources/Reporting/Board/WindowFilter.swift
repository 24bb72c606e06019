// Safety: keys are read from buffers that the caller lends for one call.

import Attribution
import Codec

/// Tells by a record's key whether it is of a window that starts within a range, so that nobody has to decode the others.
///
/// Keys end with a bar and the window's start, which all have the same length and are in the order of time.
public struct WindowFilter: Sendable {
  private static let textLength = "2026-01-05T00:05:00Z".utf8.count

  private let first: [UInt8]
  private let end: [UInt8]

  /// - Parameter range: in whole seconds, which windows start at.
  public init(_ range: Range<Milliseconds>) {
    first = Self.text(range.lowerBound)
    end = Self.text(range.upperBound)
  }

  /// The time as keys spell it. Years beyond four digits are before all of them, or behind.
  private static func text(_ time: Milliseconds) -> [UInt8] {
    let text = Array(Time.formatSeconds(time).utf8)
    if text.count == textLength { return text }
    return time < 0 ? [] : [UInt8(ascii: "~")]
  }

  /// Whether the key is a rollup's whose window starts outside of the range; false for any other key.
  public func isOutside(_ key: UnsafeRawBufferPointer?) -> Bool {
    guard let key, key.count > Self.textLength,
      key[key.count - Self.textLength - 1] == UInt8(ascii: "|")
    else { return false }
    let start = key.suffix(Self.textLength)
    guard start.last == UInt8(ascii: "Z") else { return false }
    return start.lexicographicallyPrecedes(first) || !start.lexicographicallyPrecedes(end)
  }
}
