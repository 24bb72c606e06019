// Safety: owns its buffer from `init` to `deinit`; writes into the lent buffer only within its count.

/// UTF-16 as UTF-8.
///
/// Half of a surrogate pair comes out as three bytes that are not UTF-8 either, so that a record that uses
/// it is refused and no other record is touched.
final class UTF16Bytes: ByteSource {
  private static let inputSize = 32 << 10
  /// The bytes of UTF-8 that one step can make.
  private static let mostBytes = 6

  private let source: any ByteSource
  private let name: String
  private let isBigEndian: Bool
  private let input = UnsafeMutableRawBufferPointer.allocate(
    byteCount: inputSize, alignment: 16)
  private var cursor = 0
  private var end = 0
  private var hasEnded = false
  /// The first half of a pair whose second half has not been read.
  private var high: UInt32?

  /// - Parameters:
  ///   - source: stands behind the byte order mark.
  ///   - name: of the file, for errors.
  init(_ source: any ByteSource, name: String, isBigEndian: Bool) {
    self.source = source
    self.name = name
    self.isBigEndian = isBigEndian
  }

  deinit { input.deallocate() }

  var consumed: Int64 { source.consumed }
  var warning: String? { source.warning }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    var count = 0
    while buffer.count - count >= Self.mostBytes {
      if end - cursor < 2 {
        // What has been made goes out before a read that may fail.
        if count > 0 { break }
        guard try refill() else {
          if let high { put(high, into: buffer, &count) }
          high = nil
          break
        }
      }
      let first = UInt32(input[cursor])
      let second = UInt32(input[cursor + 1])
      cursor += 2
      take(isBigEndian ? first << 8 | second : second << 8 | first, into: buffer, &count)
    }
    return count
  }

  /// Takes one unit of UTF-16.
  private func take(
    _ unit: UInt32, into buffer: UnsafeMutableRawBufferPointer, _ count: inout Int
  ) {
    if let high {
      self.high = nil
      if (0xDC00...0xDFFF).contains(unit) {
        return put(0x10000 + (high - 0xD800) << 10 + (unit - 0xDC00), into: buffer, &count)
      }
      put(high, into: buffer, &count)
    }
    if (0xD800...0xDBFF).contains(unit) { high = unit } else { put(unit, into: buffer, &count) }
  }

  private func put(
    _ scalar: UInt32, into buffer: UnsafeMutableRawBufferPointer, _ count: inout Int
  ) {
    func put(_ byte: UInt32) {
      buffer[count] = UInt8(truncatingIfNeeded: byte)
      count += 1
    }
    func putRest(_ shift: UInt32) { put(0x80 | scalar >> shift & 0x3F) }
    switch scalar {
    case ..<0x80: put(scalar)
    case ..<0x800:
      put(0xC0 | scalar >> 6)
      putRest(0)
    case ..<0x10000:
      put(0xE0 | scalar >> 12)
      putRest(6)
      putRest(0)
    default:
      put(0xF0 | scalar >> 18)
      putRest(12)
      putRest(6)
      putRest(0)
    }
  }

  /// Reads on; false at the end. Throws `FileError` when that is in the middle of a unit.
  private func refill() throws -> Bool {
    var left = end - cursor
    if left > 0 { input[0] = input[cursor] }
    cursor = 0
    while left < 2 {
      let more = try source.read(into: .init(rebasing: input[left...]))
      guard more > 0 else {
        end = 0
        guard left == 0 else {
          throw FileError("\(name) is cut off: UTF-16 that ends in the middle of a character")
        }
        return false
      }
      left += more
    }
    end = left
    return true
  }
}
