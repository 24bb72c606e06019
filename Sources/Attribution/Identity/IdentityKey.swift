// Safety: `keys` is allocated and freed here, written only by `init`, and indexed below `keyCount`; texts
// are read only within their bounds.

/// Hashes ids with a secret: two ids, however chosen, share a hash only by chance.
///
/// Multilinear hashing over 64-bit words with 128-bit keys: the upper half of k₀ + Σ kᵢ·xᵢ modulo 2¹²⁸, the
/// text's length being the first word. With independent keys it is strongly universal (Lemire and Kaser,
/// "Strongly universal string hashing is fast", 2014, section 3: keys of 128 bits, words of 64, hashes of
/// up to 65). So for any two different texts of up to 128 bytes, chosen without sight of hashes, each half of
/// `Hash128` is the same with a chance of exactly 2⁻⁶⁴, independently of the other half. The keys are the key
/// stream of ChaCha20 under the secret. A bijection of each half scatters what is linear, for the tables.
///
/// Longer texts are hashed in blocks of 128 bytes, each with the hash of those before as further words; where
/// such a hash is used, texts are compared as well.
public final class IdentityKey: Sendable {
  /// Words of a name that is as long as names may be.
  private static let wordsPerName = 16
  private static let longestName = 8 * wordsPerName
  /// Of the constant, the length, three names, and the hash of the blocks before.
  private static let positions = 2 + 3 * wordsPerName + 2
  private static let chain = 2 + 3 * wordsPerName
  private static let keyCount = 2 * positions

  /// Two keys for each position: of the first half and of the second.
  nonisolated(unsafe) private let keys: UnsafePointer<UInt128>
  /// For tables of small numbers: odd, and nobody else's to know.
  let multiplier: UInt64

  public init(_ secret: IdentitySecret) {
    let words = secret.expanded(to: 2 * IdentityKey.keyCount + 1)
    let keys = UnsafeMutablePointer<UInt128>.allocate(capacity: IdentityKey.keyCount)
    for index in 0..<IdentityKey.keyCount {
      (keys + index).initialize(
        to: UInt128(words[2 * index + 1]) << 64 | UInt128(words[2 * index]))
    }
    self.keys = UnsafePointer(keys)
    multiplier = words[2 * IdentityKey.keyCount] | 1
  }

  deinit { keys.deallocate() }

  /// The hash of a text.
  public func hash(_ text: BorrowedBytes) -> Hash128 {
    var sums = start(length: UInt64(truncatingIfNeeded: text.count))
    if text.count <= IdentityKey.longestName {
      add(text, at: 2, to: &sums)
      return sums.finished
    }
    return hashLong(text, &sums)
  }

  /// The hash of three names of up to 128 bytes each, and of where each of them ends.
  func hash(_ first: BorrowedBytes, _ second: BorrowedBytes, _ third: BorrowedBytes) -> Hash128 {
    let lengths =
      UInt64(truncatingIfNeeded: first.count) | UInt64(truncatingIfNeeded: second.count) << 16
      | UInt64(truncatingIfNeeded: third.count) << 32
    var sums = start(length: lengths)
    add(first, at: 2, to: &sums)
    add(second, at: 2 + IdentityKey.wordsPerName, to: &sums)
    add(third, at: 2 + 2 * IdentityKey.wordsPerName, to: &sums)
    return sums.finished
  }

  /// The hash of up to 16 words.
  func hash(_ words: InlineWords) -> Hash128 {
    var sums = start(length: words.tag)
    add(words.first, at: 2, to: &sums)
    add(words.second, at: 3, to: &sums)
    add(words.third, at: 4, to: &sums)
    add(words.fourth, at: 5, to: &sums)
    add(words.fifth, at: 6, to: &sums)
    return sums.finished
  }

  /// Five words and what they are.
  struct InlineWords {
    var tag: UInt64
    var first: UInt64
    var second: UInt64
    var third: UInt64
    var fourth: UInt64
    var fifth: UInt64
  }

  // MARK: Summing

  private struct Sums {
    var first: UInt128
    var second: UInt128

    @inline(__always)
    var upperHalves: (UInt64, UInt64) {
      (UInt64(truncatingIfNeeded: first >> 64), UInt64(truncatingIfNeeded: second >> 64))
    }

    @inline(__always)
    var finished: Hash128 {
      let (high, low) = upperHalves
      return Hash128(high: IdentityKey.scatter(high), low: IdentityKey.scatter(low))
    }
  }

  @inline(__always)
  private func start(length: UInt64) -> Sums {
    var sums = Sums(first: keys[0], second: keys[1])
    add(length, at: 1, to: &sums)
    return sums
  }

  @inline(__always)
  private func add(_ word: UInt64, at position: Int, to sums: inout Sums) {
    sums.first &+= keys[2 * position] &* UInt128(truncatingIfNeeded: word)
    sums.second &+= keys[2 * position + 1] &* UInt128(truncatingIfNeeded: word)
  }

  /// Adds a text of at most 128 bytes. The last word overlaps the one before: with the length that is as
  /// good as any padding.
  @inline(__always)
  private func add(_ text: BorrowedBytes, at position: Int, to sums: inout Sums) {
    let base = UnsafeRawPointer(text.start)
    let count = text.count
    if count < 8 {
      if count > 0 { add(IdentityKey.shortWord(base, count), at: position, to: &sums) }
      return
    }
    var offset = 0
    var position = position
    while offset &+ 8 < count {
      add(base.loadUnaligned(fromByteOffset: offset, as: UInt64.self), at: position, to: &sums)
      offset &+= 8
      position &+= 1
    }
    add(base.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self), at: position, to: &sums)
  }

  /// The one word of 1 to 7 bytes.
  @inline(__always)
  private static func shortWord(_ base: UnsafeRawPointer, _ count: Int) -> UInt64 {
    if count >= 4 {
      return UInt64(base.loadUnaligned(as: UInt32.self))
        | UInt64(base.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self)) << 32
    }
    return UInt64(base.load(as: UInt8.self))
      | UInt64(base.load(fromByteOffset: count >> 1, as: UInt8.self)) << 8
      | UInt64(base.load(fromByteOffset: count &- 1, as: UInt8.self)) << 16
  }

  @inline(never)
  private func hashLong(_ text: BorrowedBytes, _ sums: inout Sums) -> Hash128 {
    var offset = 0
    while true {
      let count = min(IdentityKey.longestName, text.count - offset)
      add(BorrowedBytes(start: text.start + offset, count: count), at: 2, to: &sums)
      offset += count
      if offset == text.count { return sums.finished }
      let (high, low) = sums.upperHalves
      sums = start(length: UInt64(truncatingIfNeeded: text.count - offset))
      add(high, at: IdentityKey.chain, to: &sums)
      add(low, at: IdentityKey.chain + 1, to: &sums)
    }
  }

  /// A bijection under which neighbours are far apart (the finalizer of SplitMix64: Steele, Lea and Flood,
  /// "Fast splittable pseudorandom number generators", 2014).
  @inline(__always)
  private static func scatter(_ word: UInt64) -> UInt64 {
    var word = word
    word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
    return word ^ word >> 31
  }
}
