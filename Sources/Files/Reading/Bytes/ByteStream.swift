// Safety: owns its buffer from `init` to `deinit`; `cursor` and `end` stay inside it. What it lends is
// valid until the next call.

internal import Glibc

/// A source's text through a buffer: the next byte, or the run of bytes up to one that matters.
struct ByteStream: ~Copyable {
  private let source: any ByteSource
  private let buffer = UnsafeMutableRawBufferPointer.allocate(
    byteCount: RecordLimit.chunk, alignment: 16)
  private var cursor = 0
  private var end = 0

  /// - Parameter name: of the file, for errors.
  init(_ source: any ByteSource, name: String) throws {
    self.source = try TextBytes.of(source, name: name)
  }

  deinit { buffer.deallocate() }

  var consumed: Int64 { source.consumed }
  var warning: String? { source.warning }

  /// Sees to it that there is a byte; false at the end.
  @inline(__always)
  mutating func fill() throws -> Bool { try cursor < end || refill() }

  private mutating func refill() throws -> Bool {
    cursor = 0
    end = try source.read(into: buffer)
    return end > 0
  }

  /// The bytes that are there, at least one after `fill`.
  var available: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[cursor..<end])
  }

  /// The byte that comes next, after `fill`.
  @inline(__always)
  var first: UInt8 { buffer[cursor] }

  @inline(__always)
  mutating func skip(_ count: Int) { cursor += count }

  /// How many bytes there are before the next line feed; all, if it has not been read yet.
  var countBeforeLineFeed: Int {
    guard let found = memchr(buffer.baseAddress! + cursor, 0x0A, end - cursor) else {
      return end - cursor
    }
    return UnsafeRawPointer(found) - UnsafeRawPointer(buffer.baseAddress!) - cursor
  }
}
