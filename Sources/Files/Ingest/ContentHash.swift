// Safety: the context is freed with its one owner, which is not copied; libcrypto reads only within the bytes
// that it is given and writes the digest within its 32 bytes.

import COpenSSL

/// Tells contents of files apart, whoever chose them: SHA-256 over all bytes, and their number.
///
/// A ledger's key says which content is in the topics already; if two files could share one, the second would
/// be left out. So no secret and no quick hash will do: it must be the same for every process, for years.
struct ContentHash: Hashable {
  let text: String

  /// Of a file, as it lies on the disk.
  init(ofFile path: String) throws {
    let file = try FileBytes(path)
    let digest = SHA256()
    let chunk = UnsafeMutableRawBufferPointer.allocate(
      byteCount: RecordLimit.chunk, alignment: 16)
    defer { chunk.deallocate() }
    var size = 0
    while true {
      let count = try file.read(into: chunk)
      if count == 0 { break }
      digest.add(UnsafeRawBufferPointer(rebasing: chunk[..<count]))
      size += count
    }
    text = "\(digest.finish())-\(size)"
  }
}

/// A SHA-256 digest (FIPS 180-4) in the making, by OpenSSL's libcrypto.
private final class SHA256 {
  private static let size = 32
  private let context = EVP_MD_CTX_new()

  init() {
    precondition(
      context != nil && EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1,
      "libcrypto has no SHA-256")
  }

  deinit { EVP_MD_CTX_free(context) }

  func add(_ bytes: UnsafeRawBufferPointer) {
    precondition(EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1, "out of memory")
  }

  /// The digest in hexadecimal. Ends it.
  func finish() -> String {
    var digest = [UInt8](repeating: 0, count: SHA256.size)
    precondition(EVP_DigestFinal_ex(context, &digest, nil) == 1, "out of memory")
    return digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
