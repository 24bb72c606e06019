// Safety: `isWhole` looks at nothing outside the bytes that it is given. `decode` relies on that: it is called for blocks
// only that `isWhole` has found to be whole.

/// Headers as bytes, for records that travel inside other records.
///
/// Their number, two bytes; then of each the length of its name, two bytes, the name, the length of its value, four
/// bytes, and the value. A null value has length `UInt32.max`. Integers are little-endian.
public enum HeaderBlock {
  private static let noValue = UInt32.max

  /// Begins a block of `count` headers, which `append` then adds.
  public static func begin(count: Int, in block: inout [UInt8]) {
    append(UInt16(truncatingIfNeeded: count), to: &block)
  }

  /// Adds one of the headers that the block was begun for.
  public static func append(
    name: String, value: [UInt8]?, to block: inout [UInt8]
  ) {
    append(UInt16(truncatingIfNeeded: name.utf8.count), to: &block)
    block.append(contentsOf: name.utf8)
    append(value.map { UInt32($0.count) } ?? noValue, to: &block)
    if let value { block.append(contentsOf: value) }
  }

  /// As the other, for a value that `body` appends.
  public static func append(
    name: String, to block: inout [UInt8], _ body: (inout [UInt8]) -> Void
  ) {
    append(name: name, value: [], to: &block)
    let start = block.count
    body(&block)
    withUnsafeBytes(of: UInt32(block.count - start).littleEndian) { length in
      for (index, byte) in length.enumerated() { block[start - length.count + index] = byte }
    }
  }

  /// Whether these headers can be written: their number and the lengths of their names have two bytes.
  public static func canHold(_ headers: [Header], more: Int = 0) -> Bool {
    headers.count + more <= Int(UInt16.max)
      && headers.allSatisfy { $0.name.utf8.count <= Int(UInt16.max) }
  }

  /// Whether the bytes are one block and nothing else.
  public static func isWhole(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var rest = bytes
    guard var count: UInt16 = take(&rest) else { return false }
    while count > 0 {
      guard let nameLength: UInt16 = take(&rest), skip(Int(nameLength), &rest),
        let valueLength: UInt32 = take(&rest),
        valueLength == noValue || skip(Int(valueLength), &rest)
      else { return false }
      count -= 1
    }
    return rest.isEmpty
  }

  /// The headers of a whole block.
  static func decode(_ start: UnsafeRawPointer) -> [Header] {
    var next = start
    func integer<Integer: FixedWidthInteger>(_ type: Integer.Type) -> Integer {
      defer { next += MemoryLayout<Integer>.size }
      return Integer(littleEndian: next.loadUnaligned(as: type))
    }
    func bytes(_ count: Int) -> UnsafeRawBufferPointer {
      defer { next += count }
      return UnsafeRawBufferPointer(start: next, count: count)
    }
    return (0..<integer(UInt16.self)).map { _ in
      let name = String(decoding: bytes(Int(integer(UInt16.self))), as: UTF8.self)
      let length = integer(UInt32.self)
      return Header(name: name, value: length == noValue ? nil : Array(bytes(Int(length))))
    }
  }

  private static func append<Integer: FixedWidthInteger>(_ value: Integer, to block: inout [UInt8])
  {
    withUnsafeBytes(of: value.littleEndian) { block.append(contentsOf: $0) }
  }

  private static func take<Integer: FixedWidthInteger>(
    _ rest: inout UnsafeRawBufferPointer
  ) -> Integer? {
    let size = MemoryLayout<Integer>.size
    guard rest.count >= size else { return nil }
    defer { rest = UnsafeRawBufferPointer(rebasing: rest[size...]) }
    return Integer(littleEndian: rest.loadUnaligned(as: Integer.self))
  }

  private static func skip(_ count: Int, _ rest: inout UnsafeRawBufferPointer) -> Bool {
    guard rest.count >= count else { return false }
    rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    return true
  }
}
