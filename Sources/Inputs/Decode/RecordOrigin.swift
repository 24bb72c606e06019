/// Where a re-keyed record came from: a header of its record in the internal topic, where its fields need it.
public enum RecordOrigin {
  public static let header = "tributary-origin"

  public static func encode(
    topic: String, partition: Int32, offset: Int64, key: UnsafeRawBufferPointer?,
    into bytes: inout [UInt8]
  ) {
    func append<Integer: FixedWidthInteger>(_ integer: Integer) {
      withUnsafeBytes(of: integer.littleEndian) { bytes.append(contentsOf: $0) }
    }
    append(UInt16(topic.utf8.count))
    bytes += topic.utf8
    append(partition)
    append(offset)
    guard let key else { return }
    bytes.append(1)
    bytes += key
  }

  /// - Returns: nil for what `encode` has not written.
  static func decode(
    _ bytes: [UInt8]
  ) -> (topic: String, partition: Int32, offset: Int64, key: ArraySlice<UInt8>?)? {
    var rest = bytes[...]
    func integer<Integer: FixedWidthInteger>(_ type: Integer.Type) -> Integer? {
      let size = MemoryLayout<Integer>.size
      guard rest.count >= size else { return nil }
      defer { rest = rest.dropFirst(size) }
      return rest.prefix(size).reversed().reduce(Integer(0)) {
        $0 << 8 | Integer(truncatingIfNeeded: $1)
      }
    }
    guard let length = integer(UInt16.self), rest.count >= Int(length) else { return nil }
    let topic = String(decoding: rest.prefix(Int(length)), as: UTF8.self)
    rest = rest.dropFirst(Int(length))
    guard let partition = integer(Int32.self), let offset = integer(Int64.self) else { return nil }
    return (topic, partition, offset, rest.isEmpty ? nil : rest.dropFirst())
  }
}
