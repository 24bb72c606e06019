// Safety: pointers are only to string literals, which live for ever, to borrowed bytes, within their
// count, during one call, and to room of a fixed size on the stack, indexed below that.

import Attribution

/// Where records are written to, byte by byte: the pieces that they are made of.
protocol ByteSink: ~Copyable {
  mutating func put(_ byte: UInt8)
  mutating func put(_ bytes: BorrowedBytes)
}

extension [UInt8]: ByteSink {
  @inline(__always)
  mutating func put(_ byte: UInt8) { append(byte) }

  @inline(__always)
  mutating func put(_ bytes: BorrowedBytes) {
    append(contentsOf: UnsafeBufferPointer(start: bytes.start, count: bytes.count))
  }
}

// MARK: - Numbers

extension ByteSink where Self: ~Copyable {
  /// The decimal digits of `value`, with zeros before them up to `digits` digits.
  @inline(__always)
  mutating func put(decimal value: UInt64, digits: Int = 1) {
    if value < 10 && digits == 1 { return put(ASCII.zero + UInt8(truncatingIfNeeded: value)) }
    if value < 100 && digits == 2 {
      put(ASCII.zero + UInt8(truncatingIfNeeded: value / 10))
      return put(ASCII.zero + UInt8(truncatingIfNeeded: value % 10))
    }
    put(longDecimal: value, digits: digits)
  }

  private mutating func put(longDecimal value: UInt64, digits: Int) {
    // 20 digits are the most that 64 bits need.
    precondition(digits <= 20, "so many leading zeros were never asked for")
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { room in
      let first = room.baseAddress!
      var start = 20
      var rest = value
      repeat {
        start -= 1
        first[start] = ASCII.zero + UInt8(truncatingIfNeeded: rest % 10)
        rest /= 10
      } while rest > 0
      while 20 - start < digits {
        start -= 1
        first[start] = ASCII.zero
      }
      put(BorrowedBytes(start: first + start, count: 20 - start))
    }
  }

  /// A signed integer.
  mutating func put(decimal value: Int64) {
    if value < 0 { put(ASCII.minus) }
    put(decimal: value.magnitude)
  }
}

// MARK: - JSON

extension ByteSink where Self: ~Copyable {
  /// Text that needs no escaping: punctuation and names of fields.
  @inline(__always)
  mutating func put(_ literal: StaticString) {
    put(BorrowedBytes(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
  }

  /// A JSON string with its quotes.
  ///
  /// Escaped is what RFC 8259 requires and no more: quotes, backslashes and control characters.
  /// `text` must be UTF-8; it is what the event decoder lends, and what a `String` lends.
  mutating func put(json text: BorrowedBytes) {
    put(ASCII.quote)
    if EscapedBytes.areIn(text) { putEscaping(text) } else { put(text) }
    put(ASCII.quote)
  }

  @inline(never)
  private mutating func putEscaping(_ text: BorrowedBytes) {
    var plainStart = 0
    for index in 0..<text.count where EscapedBytes.contains(text[index]) {
      put(text, plainStart..<index)
      put(escaped: text[index])
      plainStart = index + 1
    }
    put(text, plainStart..<text.count)
  }

  /// A JSON string with its quotes.
  mutating func put(json text: String) { text.withBorrowedBytes { put(json: $0) } }

  @inline(__always)
  private mutating func put(_ text: BorrowedBytes, _ range: Range<Int>) {
    put(BorrowedBytes(start: text.start + range.lowerBound, count: range.count))
  }

  private mutating func put(escaped byte: UInt8) {
    put(ASCII.backslash)
    switch byte {
    case ASCII.quote, ASCII.backslash: put(byte)
    case 0x08: put(UInt8(ascii: "b"))
    case 0x0C: put(UInt8(ascii: "f"))
    case ASCII.lineFeed: put(UInt8(ascii: "n"))
    case ASCII.carriageReturn: put(UInt8(ascii: "r"))
    case ASCII.tab: put(UInt8(ascii: "t"))
    default:
      put("u00")
      put(ASCII.hexadecimalDigit(byte >> 4))
      put(ASCII.hexadecimalDigit(byte & 0xF))
    }
  }

  /// A decimal string with six digits, in quotes: how records hold money and credits.
  mutating func put(jsonDecimal micros: Int64) {
    put(ASCII.quote)
    Money.put(micros, into: &self)
    put(ASCII.quote)
  }

  /// As the other, for a sum that may be beyond 64 bits.
  mutating func put(jsonDecimal micros: MicrosSum) {
    put(ASCII.quote)
    Money.put(micros, into: &self)
    put(ASCII.quote)
  }

  /// A time with whole seconds, in quotes.
  mutating func put(jsonSeconds time: Milliseconds) {
    put(ASCII.quote)
    Time.putSeconds(time, into: &self)
    put(ASCII.quote)
  }

  /// A time with milliseconds, in quotes.
  mutating func put(jsonMilliseconds time: Milliseconds) {
    put(ASCII.quote)
    Time.putMilliseconds(time, into: &self)
    put(ASCII.quote)
  }
}
