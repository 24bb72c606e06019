// Safety: `words` points at memory that the owner of the scanner keeps alive and to itself while
// the scanner runs; it holds `maximumDepth` bits, and `push` refuses to go deeper.

/// The containers that are open at one place of a JSON text: one bit each, set for an object.
///
/// A bit per level is what lets the scanner follow nesting without recursion, so that no record,
/// however deep, can exhaust the call stack.
struct JSONNesting {
  private let words: UnsafeMutablePointer<UInt64>
  private let maximumDepth: Int
  private(set) var depth = 0

  /// - Parameter words: room for one bit per level; needs no initial value.
  @inline(__always)
  init(words: UnsafeMutablePointer<UInt64>, wordCount: Int) {
    self.words = words
    self.maximumDepth = wordCount * UInt64.bitWidth
  }

  /// False when there is no room for one more level.
  @inline(__always)
  mutating func push(isObject: Bool) -> Bool {
    guard depth < maximumDepth else { return false }
    let bit: UInt64 = 1 << UInt64(truncatingIfNeeded: depth & 63)
    let word = depth >> 6
    if depth & 63 == 0 {
      words[word] = isObject ? bit : 0
    } else if isObject {
      words[word] |= bit
    } else {
      words[word] &= ~bit
    }
    depth += 1
    return true
  }

  @inline(__always)
  mutating func pop() { depth -= 1 }

  /// Whether the innermost open container is an object. Needs `depth > 0`.
  @inline(__always)
  var isInObject: Bool {
    let level = depth - 1
    return words[level >> 6] & (1 << UInt64(truncatingIfNeeded: level & 63)) != 0
  }
}
