// Safety: the table is made once, never changed and never freed.

/// CRC-32 as in zlib: what librdkafka's `consistent` partitioner takes modulo the number of partitions.
///
/// Four bytes a step with four tables, as in Kounavis and Berry, *A systematic approach to building high
/// performance, software-based, CRC generators* (2005).
public struct CRC32: Sendable {
  private nonisolated(unsafe) static let shared: UnsafePointer<UInt32> = makeTables()
  private nonisolated(unsafe) let tables: UnsafePointer<UInt32>

  public init() { tables = CRC32.shared }

  private static func makeTables() -> UnsafePointer<UInt32> {
    let tables = UnsafeMutablePointer<UInt32>.allocate(capacity: 4 * 256)
    for byte in 0..<256 {
      var value = UInt32(byte)
      for _ in 0..<8 { value = value & 1 == 0 ? value >> 1 : value >> 1 ^ 0xEDB8_8320 }
      tables[byte] = value
    }
    for index in 256..<4 * 256 {
      let before = tables[index - 256]
      tables[index] = before >> 8 ^ tables[Int(before & 255)]
    }
    return UnsafePointer(tables)
  }

  /// The checksum of some bytes. O(length), no allocation.
  public func value(of bytes: UnsafeRawBufferPointer) -> UInt32 {
    var crc: UInt32 = 0xFFFF_FFFF
    var index = 0
    while index + 4 <= bytes.count {
      crc ^= UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt32.self))
      crc =
        tables[768 + Int(crc & 255)] ^ tables[512 + Int(crc >> 8 & 255)]
        ^ tables[256 + Int(crc >> 16 & 255)] ^ tables[Int(crc >> 24)]
      index += 4
    }
    while index < bytes.count {
      crc = crc >> 8 ^ tables[Int((crc ^ UInt32(bytes[index])) & 255)]
      index += 1
    }
    return ~crc
  }
}
