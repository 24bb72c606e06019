// Safety: reads eight bytes, which its caller has found to be there.

/// Eight bytes of text that are digits and signs in fixed places, taken apart all at once.
struct DigitPairs {
  private let pairs: UInt64

  /// nil if the bytes at `text` are not like `form`: digits where it has zeros, itself elsewhere.
  ///
  /// - Parameter form: eight bytes of ASCII, such as `00T00:00`.
  @inline(__always)
  init?(_ text: UnsafePointer<UInt8>, like form: StaticString) {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let form = DigitPairs.word(form.utf8Start)
    // What a byte may be more than its place in the form: 9, or nothing.
    var headroom = ones &* 0x0F
    for place in stride(from: UInt64(0), to: 64, by: 8)
    where (form >> place) & 0xFF == UInt64(ASCII.zero) {
      headroom -= 9 << place
    }
    let digits = DigitPairs.word(text) ^ form
    guard (digits | (digits &+ headroom)) & (ones &* 0xF0) == 0 else { return nil }
    // In each byte the number that its digit makes with the next one.
    pairs = digits &* 10 &+ digits >> 8
  }

  /// The number that the digits at `place` and behind it make.
  @inline(__always)
  subscript(place: Int) -> Int64 {
    Int64(UInt8(truncatingIfNeeded: pairs >> UInt64(truncatingIfNeeded: 8 &* place)))
  }

  @inline(__always)
  private static func word(_ text: UnsafePointer<UInt8>) -> UInt64 {
    UInt64(littleEndian: UnsafeRawPointer(text).loadUnaligned(as: UInt64.self))
  }
}
