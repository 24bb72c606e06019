/// What tells two versions of an answer apart, for `ETag` and `If-None-Match` (RFC 9110, 8.8.3).
///
/// Tags are weak: an answer has the same one with and without compression.
public struct EntityTag: Sendable, Equatable, CustomStringConvertible {
  public let description: String

  init(text: String) { description = text }

  /// The tag of what never changes but with these bytes.
  public init(of bytes: some Sequence<UInt8>) {
    // FNV-1a with 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    description = "W/\"\(String(hash, radix: 36))\""
  }

  /// Whether the value of `If-None-Match` names it.
  func isAmong(_ header: String?) -> Bool {
    guard let header else { return false }
    func opaque(_ tag: Substring) -> Substring { tag.hasPrefix("W/") ? tag.dropFirst(2) : tag }
    return header.split(separator: ",").contains { part in
      let tag = part.drop { $0 == " " || $0 == "\t" }
      let end = tag.lastIndex { $0 != " " && $0 != "\t" }.map(tag.index(after:)) ?? tag.startIndex
      return tag[..<end] == "*" || opaque(tag[..<end]) == opaque(description[...])
    }
  }
}
