// Safety: reads only inside the borrowed bytes it is given.

/// A 128-bit hash: an id's stand-in wherever only equality matters, made by `IdentityKey`.
///
/// At 10⁷ live ids the chance of any collision is below 10⁻¹² even with the 89 bits that `IdentitySet` keeps.
public struct Hash128: Hashable, Sendable {
  public var high: UInt64
  public var low: UInt64

  @inlinable public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// Half of it is enough for a dictionary: all bits are as good as random.
  @inlinable public func hash(into hasher: inout Hasher) { hasher.combine(high) }

  /// A hash without a secret, for what no producer chooses: definitions, names of partitions. Two lanes of
  /// multiply-and-fold over the bytes in 16-byte steps and the length. Part of stored formats.
  public init(fingerprintOf bytes: BorrowedBytes, seed: UInt64 = 0) {
    var lanes = Lanes(seed: seed)
    lanes.absorb(bytes)
    self = lanes.finish(bytes.count)
  }

  /// The two lanes of a hash that is being computed.
  private struct Lanes {
    private var a: UInt64
    private var b: UInt64 = 0xD1B5_4A32_D192_ED03

    @inline(__always)
    init(seed: UInt64) { a = 0x9E37_79B9_7F4A_7C15 ^ seed }

    @inline(__always)
    mutating func absorb(_ bytes: BorrowedBytes) {
      let base = UnsafeRawPointer(bytes.start)
      let count = bytes.count
      b ^= UInt64(truncatingIfNeeded: count)
      var offset = 0
      while count - offset > 16 {
        let first = base.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        let second = base.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self)
        a = Hash128.fold(first ^ 0xA076_1D64_78BD_642F, second ^ a)
        b = Hash128.fold(second ^ 0xE703_7ED1_A0B4_28DB, first ^ b)
        offset += 16
      }
      let (first, second) = Hash128.tail(base + offset, count - offset)
      a = Hash128.fold(first ^ 0x8EBC_6AF0_9C88_C6E3, second ^ a)
      b = Hash128.fold(second ^ 0x5899_65CC_7537_4CC3, first ^ b)
    }

    @inline(__always)
    func finish(_ count: Int) -> Hash128 {
      let length = UInt64(truncatingIfNeeded: count)
      return Hash128(
        high: Hash128.fold(a ^ 0x1D8E_4E27_C47D_124F, b ^ length),
        low: Hash128.fold(b ^ 0xEB44_ACCA_B455_D165, a ^ ~length))
    }
  }

  /// The last 0 to 16 bytes as two words, every byte in at least one of them.
  @inline(__always)
  private static func tail(_ base: UnsafeRawPointer, _ count: Int) -> (UInt64, UInt64) {
    if count >= 8 {
      return (
        base.loadUnaligned(as: UInt64.self),
        base.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
      )
    }
    if count >= 4 {
      return (
        UInt64(base.loadUnaligned(as: UInt32.self)),
        UInt64(base.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self))
      )
    }
    var word: UInt64 = 0
    for index in 0..<count {
      word |= UInt64(base.load(fromByteOffset: index, as: UInt8.self)) << UInt64(8 * index)
    }
    return (word, 0)
  }

  @inline(__always)
  private static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
    let product = left.multipliedFullWidth(by: right)
    return product.high ^ product.low
  }
}
