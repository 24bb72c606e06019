// Safety: keys are read from buffers that the caller lends for one call.

/// Says of most keys that were never put in that they were not, in 16 MiB whatever their number: a Bloom filter with
/// one hash.
struct KeyFilter {
  private static let bitCount = 1 << 27
  private var words: [UInt64] = []

  mutating func insert(_ key: UnsafeRawBufferPointer) {
    if words.isEmpty { words = Array(repeating: 0, count: Self.bitCount / 64) }
    let bit = Self.bit(of: key)
    words[bit / 64] |= 1 << UInt64(bit % 64)
  }

  /// False only for keys that were never inserted.
  func mayContain(_ key: UnsafeRawBufferPointer) -> Bool {
    guard !words.isEmpty else { return false }
    let bit = Self.bit(of: key)
    return words[bit / 64] & 1 << UInt64(bit % 64) != 0
  }

  private static func bit(of key: UnsafeRawBufferPointer) -> Int {
    var hasher = Hasher()
    hasher.combine(bytes: key)
    return hasher.finalize() & (bitCount - 1)
  }
}
