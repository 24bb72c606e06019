// Safety: what is lent is used within the call that lends it.

/// A reader of bytes that others have written: it may refuse them, and must do nothing worse.
protocol FuzzTarget {
  static var name: String { get }
  /// Records as this version writes them.
  static var seeds: [[UInt8]] { get }
  init()
  /// Reads bytes, of which the first chooses what they are taken for.
  mutating func run(_ input: UnsafeRawBufferPointer)
}

extension FuzzTarget {
  static var seeds: [[UInt8]] { [] }
}

extension UnsafeRawBufferPointer {
  /// The first byte and the others; nil where there is none.
  var chosen: (choice: Int, rest: UnsafeRawBufferPointer)? {
    guard let first else { return nil }
    return (Int(first), UnsafeRawBufferPointer(rebasing: dropFirst()))
  }

  /// Two parts, the first behind a byte that has its length.
  var pair: (UnsafeRawBufferPointer, UnsafeRawBufferPointer)? {
    guard let (length, rest) = chosen, rest.count >= length else { return nil }
    return (
      UnsafeRawBufferPointer(rebasing: rest[..<length]),
      UnsafeRawBufferPointer(rebasing: rest[length...])
    )
  }
}

/// Where sums of read bytes go, so that reading them is not left out.
nonisolated(unsafe) var consumed: UInt64 = 0

/// Reads every byte, so that one which is not there is noticed.
func consume(_ bytes: UnsafeRawBufferPointer) {
  for byte in bytes { consumed = consumed &+ UInt64(byte) }
}

/// Ends the program with a sentence, which `precondition` would keep to itself in a release build.
func require(
  _ isTrue: @autoclosure () throws -> Bool, _ problem: @autoclosure () -> String
) rethrows {
  if try !isTrue() { fatalError(problem()) }
}
