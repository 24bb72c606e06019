/// The key that pseudonyms of user ids, sessions and addresses are made with (`pseudonymize`).
///
/// Nothing that prints it shows its bytes.
public struct PseudonymKey: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
  /// Secret.
  public let bytes: [UInt8]
  /// Names the key without telling anything of it.
  public let fingerprint: UInt64

  public init(bytes: [UInt8], fingerprint: UInt64) {
    self.bytes = bytes
    self.fingerprint = fingerprint
  }

  public var description: String { "key \(String(fingerprint, radix: 16))" }

  public var customMirror: Mirror { Mirror(self, children: ["fingerprint": fingerprint]) }
}
