/// Reads big-endian integers from bytes; nil and false beyond their end.
struct FrameReader {
  private let bytes: ArraySlice<UInt8>
  var position: Int

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    position = bytes.startIndex
  }

  func has(_ count: Int) -> Bool { count >= 0 && count <= bytes.endIndex - position }

  mutating func skip(_ count: Int) -> Bool {
    guard has(count) else { return false }
    position += count
    return true
  }

  mutating func integer<Value: FixedWidthInteger>(_ type: Value.Type) -> Value? {
    let size = Value.bitWidth / 8
    guard has(size) else { return nil }
    defer { position += size }
    return bytes[position..<(position + size)].reduce(0) { $0 << 8 | Value($1) }
  }

  /// A string, or nothing for null.
  mutating func string() -> ArraySlice<UInt8>? {
    guard let size = integer(Int16.self), has(Swift.max(0, Int(size))) else { return nil }
    let start = position
    position += Swift.max(0, Int(size))
    return bytes[start..<position]
  }

  /// The length of an array or of bytes; 0 for null.
  mutating func count() -> Int? { integer(Int32.self).map { Swift.max(0, Int($0)) } }

  mutating func unsignedVarint() -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      guard let byte = integer(UInt8.self) else { return nil }
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
    }
    return nil
  }

  mutating func varint() -> Int64? {
    unsignedVarint().map { Int64(bitPattern: $0 >> 1) ^ -Int64(bitPattern: $0 & 1) }
  }
}

extension [UInt8] {
  mutating func append(bigEndian value: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
  }
}
