/// Text in UTF-8, out of bytes that may be UTF-16 or begin with a byte order mark.
enum TextBytes {
  /// Bytes that are looked at where there is no byte order mark.
  private static let sampleSize = 64

  /// The text of `source`, without its byte order mark.
  ///
  /// Throws `FileError` for bytes that are no such text, and for UTF-16 without a byte order mark.
  ///
  /// - Parameter name: of the file, for errors.
  static func of(_ source: any ByteSource, name: String) throws -> any ByteSource {
    let text = PeekedBytes(source)
    let start = try text.peek(ForeignContent.peekSize)
    if let advice = ForeignContent.advice(start) { throw FileError("\(name) \(advice)") }
    if start.starts(with: [0xFF, 0xFE, 0, 0]) || start.starts(with: [0, 0, 0xFE, 0xFF]) {
      throw FileError("\(name) is UTF-32; convert it to UTF-8")
    }
    if start.starts(with: [0xEF, 0xBB, 0xBF]) {
      text.skip(3)
      return text
    }
    if start.starts(with: [0xFF, 0xFE]) || start.starts(with: [0xFE, 0xFF]) {
      text.skip(2)
      return UTF16Bytes(text, name: name, isBigEndian: start.first == 0xFE)
    }
    if let encoding = unmarkedUTF16(start.prefix(sampleSize)) {
      throw FileError(
        "\(name) looks like \(encoding) without a byte order mark: convert it to UTF-8, as with "
          + "iconv -f \(encoding) -t UTF-8")
    }
    return text
  }

  /// The form of UTF-16 in which letters of ASCII would look like this; nil if none.
  private static func unmarkedUTF16(_ sample: ArraySlice<UInt8>) -> String? {
    let bytes = Array(sample)
    guard bytes.count >= 8 else { return nil }
    let even = stride(from: 0, to: bytes.count - 1, by: 2)
    let lowZeros = even.count { bytes[$0] == 0 && bytes[$0 + 1] != 0 }
    let highZeros = even.count { bytes[$0 + 1] == 0 && bytes[$0] != 0 }
    let most = bytes.count / 2 * 9 / 10
    if highZeros >= most { return "UTF-16LE" }
    return lowZeros >= most ? "UTF-16BE" : nil
  }
}
