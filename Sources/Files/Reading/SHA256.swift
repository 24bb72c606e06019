// Safety: the context is freed with its one owner, which is not copied; libcrypto reads only within the bytes
// that it is given and writes the digest within its 32 bytes.

import COpenSSL

/// A SHA-256 digest (FIPS 180-4) in the making, by OpenSSL's libcrypto.
package final class SHA256 {
  private static let size = 32
  private let context = EVP_MD_CTX_new()

  /// Ready for the first bytes.
  package init() {
    precondition(context != nil, "out of memory")
    begin()
  }

  deinit { EVP_MD_CTX_free(context) }

  /// Begins another digest.
  func begin() {
    precondition(EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1, "libcrypto has no SHA-256")
  }

  package func add(_ bytes: UnsafeRawBufferPointer) {
    precondition(EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1, "out of memory")
  }

  /// The digest. Ends it.
  package func finish() -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: SHA256.size)
    precondition(EVP_DigestFinal_ex(context, &digest, nil) == 1, "out of memory")
    return digest
  }
}
