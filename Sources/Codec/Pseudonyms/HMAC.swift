// Safety: libcrypto reads only within the bytes that it is given and writes a digest within its 32 bytes; states are
// plain values.

import Attribution
internal import COpenSSL

/// HMAC-SHA256 (RFC 2104, FIPS 198-1) of one key, by OpenSSL's libcrypto.
///
/// The key is absorbed once. A message costs two states copied and, up to 55 bytes, two blocks hashed; nothing is
/// allocated.
struct HMAC {
  static let size = 32
  private static let blockSize = 64

  private let inner: SHA256_CTX
  private let outer: SHA256_CTX

  init(key: [UInt8]) {
    var block = [UInt8](repeating: 0, count: Self.blockSize)
    if key.count > Self.blockSize {
      SHA256(key, key.count, &block)
    } else {
      block.replaceSubrange(0..<key.count, with: key)
    }
    inner = Self.state(after: block.map { $0 ^ 0x36 })
    outer = Self.state(after: block.map { $0 ^ 0x5C })
  }

  private static func state(after block: [UInt8]) -> SHA256_CTX {
    var state = SHA256_CTX()
    SHA256_Init(&state)
    SHA256_Update(&state, block, block.count)
    return state
  }

  /// Writes the code of a message to 32 bytes at `output`.
  func write(_ message: UnsafeRawBufferPointer, to output: UnsafeMutablePointer<UInt8>) {
    var state = inner
    SHA256_Update(&state, message.baseAddress, message.count)
    SHA256_Final(output, &state)
    state = outer
    SHA256_Update(&state, output, Self.size)
    SHA256_Final(output, &state)
  }
}
