/// The random bytes that a task's hashes depend on: whoever does not know them cannot choose what collides.
///
/// Made once for each task, and kept in its progress record: the changelog holds hashes made with it.
public struct IdentitySecret: Sendable, Equatable {
  /// Bytes of a secret.
  public static let count = 32

  public let bytes: [UInt8]

  /// Nil unless there are `count` bytes.
  public init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count == IdentitySecret.count else { return nil }
    self.bytes = Array(bytes)
  }

  /// A secret from a source of random numbers, which must be one that nobody can foretell.
  public init(using generator: inout some RandomNumberGenerator) {
    bytes = (0..<IdentitySecret.count).map { _ in UInt8.random(in: 0...255, using: &generator) }
  }

  /// So many 64-bit words that are as good as random: the key stream of ChaCha20 (RFC 8439, 2.3 and 2.4)
  /// under this secret, with nonce 0 and from block 0 on.
  func expanded(to count: Int) -> [UInt64] {
    var words: [UInt64] = []
    words.reserveCapacity(count + 8)
    var block: UInt32 = 0
    while words.count < count {
      let stream = IdentitySecret.block(key: keyWords, counter: block, nonce: (0, 0, 0))
      for index in stride(from: 0, to: 16, by: 2) {
        words.append(UInt64(stream[index]) | UInt64(stream[index + 1]) << 32)
      }
      block += 1
    }
    return Array(words.prefix(count))
  }

  private var keyWords: [UInt32] {
    (0..<8).map { word in
      (0..<4).reduce(0) { $0 | UInt32(bytes[4 * word + $1]) << UInt32(8 * $1) }
    }
  }

  /// One block of ChaCha20's key stream, as its 16 words.
  static func block(
    key: [UInt32], counter: UInt32, nonce: (UInt32, UInt32, UInt32)
  ) -> [UInt32] {
    let start: [UInt32] =
      [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574] + key
      + [counter, nonce.0, nonce.1, nonce.2]
    var state = start
    func quarter(_ a: Int, _ b: Int, _ c: Int, _ d: Int) {
      func step(_ x: Int, _ y: Int, _ z: Int, _ bits: UInt32) {
        state[x] &+= state[y]
        state[z] ^= state[x]
        state[z] = state[z] << bits | state[z] >> (32 - bits)
      }
      step(a, b, d, 16)
      step(c, d, b, 12)
      step(a, b, d, 8)
      step(c, d, b, 7)
    }
    for _ in 0..<10 {
      quarter(0, 4, 8, 12)
      quarter(1, 5, 9, 13)
      quarter(2, 6, 10, 14)
      quarter(3, 7, 11, 15)
      quarter(0, 5, 10, 15)
      quarter(1, 6, 11, 12)
      quarter(2, 7, 8, 13)
      quarter(3, 4, 9, 14)
    }
    return zip(state, start).map { $0 &+ $1 }
  }
}
