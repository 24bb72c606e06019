/// Text that is the same as other text only where its bytes are: an id, or a name that a producer chose.
///
/// `String` takes two spellings of one character (`é`, and `e` with an accent behind it) for the same, as a key
/// of a dictionary and for `==`. Ids and names are bytes.
public struct ByteString: Hashable, Comparable, Sendable, CustomStringConvertible {
  public let text: String

  public init(_ text: String) { self.text = text }

  /// A copy of borrowed bytes.
  public init(_ bytes: BorrowedBytes) { text = bytes.string }

  public var description: String { text }

  public static func == (left: ByteString, right: ByteString) -> Bool {
    left.text.utf8.elementsEqual(right.text.utf8)
  }

  /// In the order of the bytes.
  public static func < (left: ByteString, right: ByteString) -> Bool {
    left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
  }

  public func hash(into hasher: inout Hasher) {
    let isHashed: Void? = text.utf8.withContiguousStorageIfAvailable {
      hasher.combine(bytes: UnsafeRawBufferPointer($0))
    }
    if isHashed == nil { for byte in text.utf8 { hasher.combine(byte) } }
    hasher.combine(0xFF as UInt8)
  }
}

extension ByteString: ExpressibleByStringLiteral {
  public init(stringLiteral text: String) { self.init(text) }
}
