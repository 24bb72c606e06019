import Attribution

/// Values in Avro's binary encoding (specification 1.11), as published records have them.
extension ByteSink where Self: ~Copyable {
  /// The five bytes before a record that name its schema: a zero, and the schema's number at a schema registry.
  mutating func put(avroFrame schema: Int32) {
    put(UInt8(0))
    let number = UInt32(bitPattern: schema)
    put(UInt8(truncatingIfNeeded: number >> 24))
    put(UInt8(truncatingIfNeeded: number >> 16))
    put(UInt8(truncatingIfNeeded: number >> 8))
    put(UInt8(truncatingIfNeeded: number))
  }

  /// An `int`, a `long`, a time in milliseconds, a length, or the number of a union's branch.
  @inline(__always)
  mutating func put(avroLong value: Int64) {
    var rest = UInt64(bitPattern: (value << 1) ^ (value >> 63))
    while rest > 0x7F {
      put(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    put(UInt8(truncatingIfNeeded: rest))
  }

  mutating func put(avroFlag flag: Bool) { put(UInt8(flag ? 1 : 0)) }

  /// A `string`. `text` must be UTF-8.
  mutating func put(avroText text: BorrowedBytes) {
    put(avroLong: Int64(text.count))
    put(text)
  }

  mutating func put(avroText text: String) { text.withBorrowedBytes { put(avroText: $0) } }

  /// A `decimal` of type `bytes`: the number of millionths in two's complement, the highest byte first, no longer
  /// than it must be.
  mutating func put(avroDecimal micros: Int128) {
    let magnitude = micros < 0 ? ~micros : micros
    // One bit for the sign.
    let bytes = (128 - magnitude.leadingZeroBitCount + 8) / 8
    put(avroLong: Int64(bytes))
    var shift = (bytes - 1) * 8
    while shift >= 0 {
      put(UInt8(truncatingIfNeeded: micros >> Int128(shift)))
      shift -= 8
    }
  }
}
