// Safety: reads whole words within a piece of at least eight bytes, which the caller has found to be there.

/// What stands before a value of an object: a brace or a comma, a key, a colon, blanks.
struct KeyPiece {
  /// A piece has at least as many bytes as a word, and at most four words.
  static let lengths = 8...32

  /// Its eight bytes from 0, from 8, from 16, and its last eight, as far as there are so many.
  private var words: (UInt64, UInt64, UInt64)
  private var last: UInt64
  let count: Int

  init(_ start: UnsafePointer<UInt8>, count: Int) {
    func word(_ offset: Int) -> UInt64 {
      guard offset + 8 <= count else { return 0 }
      return UnsafeRawPointer(start).loadUnaligned(fromByteOffset: offset, as: UInt64.self)
    }
    words = (word(0), word(8), word(16))
    last = word(count - 8)
    self.count = count
  }

  /// Whether the bytes at `text`, at least as many as the piece has, are the piece.
  @inline(__always)
  static func isSame(_ piece: UnsafePointer<KeyPiece>, _ text: UnsafeRawPointer) -> Bool {
    let count = piece.pointee.count
    return text.loadUnaligned(as: UInt64.self) == piece.pointee.words.0
      && text.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self) == piece.pointee.last
      && (count <= 16
        || text.loadUnaligned(fromByteOffset: 8, as: UInt64.self) == piece.pointee.words.1
          && (count <= 24
            || text.loadUnaligned(fromByteOffset: 16, as: UInt64.self) == piece.pointee.words.2))
  }
}
