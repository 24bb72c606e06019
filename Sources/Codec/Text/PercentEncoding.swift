import Attribution

/// RFC 3986 percent-encoding in its one normal form: every byte but the unreserved characters, with
/// upper-case digits.
enum PercentEncoding {
  static func append(_ text: String, to output: inout [UInt8]) {
    text.withBorrowedBytes { put($0, into: &output) }
  }

  static func put<Sink: ByteSink & ~Copyable>(_ text: BorrowedBytes, into output: inout Sink) {
    if text.buffer.allSatisfy(isUnreserved) { return output.put(text) }
    for byte in text.buffer {
      if isUnreserved(byte) {
        output.put(byte)
      } else {
        output.put(ASCII.percent)
        output.put(ASCII.hexadecimalDigit(byte >> 4))
        output.put(ASCII.hexadecimalDigit(byte & 0xF))
      }
    }
  }

  /// The text that was encoded; nil unless `encoded` is exactly what `append` writes for it.
  ///
  /// Other spellings are refused because compaction would take them for other keys.
  static func decode(_ encoded: Slice<UnsafeRawBufferPointer>) -> String? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(encoded.count)
    var index = encoded.startIndex
    while index < encoded.endIndex {
      let byte = encoded[index]
      if byte == ASCII.percent {
        guard encoded.endIndex - index >= 3, let high = digit(encoded[index + 1]),
          let low = digit(encoded[index + 2]), !isUnreserved(high << 4 | low)
        else { return nil }
        bytes.append(high << 4 | low)
        index += 3
      } else {
        guard isUnreserved(byte) else { return nil }
        bytes.append(byte)
        index += 1
      }
    }
    return String(validating: bytes, as: UTF8.self)
  }

  /// Appends the bytes that `encoded`, which `append` has written, stands for.
  static func appendDecoded(_ encoded: UnsafeRawBufferPointer, to output: inout [UInt8]) {
    var index = 0
    while index < encoded.count {
      if encoded[index] == ASCII.percent, index + 2 < encoded.count,
        let high = digit(encoded[index + 1]), let low = digit(encoded[index + 2])
      {
        output.append(high << 4 | low)
        index += 3
      } else {
        output.append(encoded[index])
        index += 1
      }
    }
  }

  /// The value of a hexadecimal digit that is not a lower-case letter.
  private static func digit(_ byte: UInt8) -> UInt8? {
    byte < UInt8(ascii: "a") ? ASCII.hexadecimalValue(byte) : nil
  }

  private static func isUnreserved(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      ASCII.zero...ASCII.nine, ASCII.minus, ASCII.point, ASCII.underscore, ASCII.tilde:
      true
    default:
      false
    }
  }
}
