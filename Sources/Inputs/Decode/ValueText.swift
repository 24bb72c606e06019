// Safety: `true` and `false` are lent from string literals, which live for ever; everything else from the arena.

import Attribution
import Codec

/// Values of binary formats as the text that JSON would have for them, exactly.
enum ValueText {
  static var yes: BorrowedBytes { literal("true") }
  static var no: BorrowedBytes { literal("false") }
  static var zero: BorrowedBytes { literal("0") }

  private static func literal(_ text: StaticString) -> BorrowedBytes {
    BorrowedBytes(start: text.utf8Start, count: text.utf8CodeUnitCount)
  }

  /// A time of which a second has 10 to the power of `digits`; finer than a millisecond is dropped.
  static func milliseconds(_ value: Int64, digits: Int) -> Milliseconds? {
    var time = value
    for _ in 3..<max(3, digits) {
      let (quotient, remainder) = time.quotientAndRemainder(dividingBy: 10)
      time = remainder < 0 ? quotient - 1 : quotient
    }
    return time
  }

  /// The shortest text that stands for this number; one that is not finite is no value.
  static func number(
    _ value: some BinaryFloatingPoint & LosslessStringConvertible, _ arena: ScratchArena
  ) -> JSONSpan {
    guard value.isFinite else { return JSONSpan(.brokenString, .empty) }
    // An integer is written as one, however it is stored.
    if let whole = Int64(exactly: value) {
      return JSONSpan(.number, arena.keep(decimal: whole))
    }
    var text = value.description
    return text.withUTF8 { JSONSpan(.number, arena.keep(UnsafeRawBufferPointer($0))) }
  }

  /// A big-endian integer in two's complement of which `scale` digits are decimals.
  static func decimal(
    _ bytes: BorrowedBytes, scale: Int, _ arena: ScratchArena
  ) -> JSONSpan {
    // Larger than any amount of money.
    guard bytes.count <= 64, scale <= 200 else { return JSONSpan(.brokenString, .empty) }
    let isNegative = !bytes.isEmpty && bytes[0] & 0x80 != 0
    return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 64 + 512) { room in
      let magnitude = UnsafeMutableBufferPointer(rebasing: room[..<bytes.count])
      for index in 0..<bytes.count { magnitude[index] = isNegative ? ~bytes[index] : bytes[index] }
      if isNegative { addOne(magnitude) }
      var start = room.count
      var digits = 0
      repeat {
        if digits == scale, scale > 0 {
          start -= 1
          room[start] = UInt8(ascii: ".")
        }
        start -= 1
        room[start] = UInt8(ascii: "0") + divideByTen(magnitude)
        digits += 1
      } while digits <= scale || magnitude.contains { $0 != 0 }
      if isNegative {
        start -= 1
        room[start] = UInt8(ascii: "-")
      }
      return JSONSpan(
        .number, arena.keep(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: room[start...]))))
    }
  }

  private static func addOne(_ number: UnsafeMutableBufferPointer<UInt8>) {
    for index in number.indices.reversed() {
      number[index] &+= 1
      if number[index] != 0 { return }
    }
  }

  /// Returns the remainder.
  private static func divideByTen(_ number: UnsafeMutableBufferPointer<UInt8>) -> UInt8 {
    var rest: UInt32 = 0
    for index in number.indices {
      let value = rest << 8 | UInt32(number[index])
      number[index] = UInt8(value / 10)
      rest = value % 10
    }
    return UInt8(rest)
  }

  /// Sixteen bytes as a UUID's text.
  static func uuid(_ bytes: BorrowedBytes, _ arena: ScratchArena) -> JSONSpan {
    guard bytes.count == 16 else { return JSONSpan(.brokenString, .empty) }
    return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 36) { room in
      var place = 0
      for index in 0..<16 {
        if [4, 6, 8, 10].contains(index) {
          room[place] = UInt8(ascii: "-")
          place += 1
        }
        for nibble in [bytes[index] >> 4, bytes[index] & 0xF] {
          room[place] = nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
          place += 1
        }
      }
      return JSONSpan(.string, arena.keep(UnsafeRawBufferPointer(room)))
    }
  }
}
