// Safety: owns one zlib stream from `init` to `deinit`. zlib reads from `input` and writes into the
// lent buffer only inside `inflate`; both pointers are set anew for each call.

internal import CZlib

/// What a gzip file holds. Several members in one file are one content, as gzip has it.
final class GzipBytes: ByteSource {
  private static let inputSize = 32 << 10
  /// The largest window, with a gzip header around it.
  private static let windowBits: Int32 = 15 + 16

  private let file: FileBytes
  private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
  private let input = UnsafeMutableRawBufferPointer.allocate(
    byteCount: inputSize, alignment: 16)
  private var isInsideMember = false
  private var hasEnded = false

  init(_ file: FileBytes) throws {
    self.file = file
    stream.initialize(to: z_stream())
    let code = inflateInit2_(
      stream, Self.windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard code == Z_OK else { throw FileError("\(file.path): zlib does not start (\(code))") }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
    input.deallocate()
  }

  var consumed: Int64 { file.consumed }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    guard !hasEnded else { return 0 }
    stream.pointee.next_out = buffer.baseAddress!.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_out = UInt32(buffer.count)
    while stream.pointee.avail_out == buffer.count {
      guard try refill() else { break }
      isInsideMember = true
      switch inflate(stream, Z_NO_FLUSH) {
      case Z_OK, Z_BUF_ERROR: break
      case Z_STREAM_END:
        isInsideMember = false
        inflateReset(stream)
      default:
        let reason = stream.pointee.msg.map { String(cString: $0) } ?? "no gzip data"
        throw FileError("\(file.path) is damaged: the gzip data are not valid (\(reason))")
      }
    }
    return buffer.count - Int(stream.pointee.avail_out)
  }

  /// Sees to it that there is something to unpack; false at the end of the file.
  private func refill() throws -> Bool {
    guard stream.pointee.avail_in == 0 else { return true }
    let count = try file.read(into: input)
    guard count > 0 else {
      guard !isInsideMember else {
        throw FileError("\(file.path) is cut off: the gzip data end too early")
      }
      hasEnded = true
      return false
    }
    stream.pointee.next_in = input.baseAddress!.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_in = UInt32(count)
    return true
  }
}
