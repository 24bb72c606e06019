// Safety: owns one zlib stream from `init` to `deinit`. zlib reads from `input` and writes into the
// lent buffer only inside `inflate`; both pointers are set anew for each call.

internal import CZlib

/// The content of a gzip file, as gzip(1) reads it: several members are one content, zeros behind the
/// last member are padding, and other bytes there are ignored with a warning.
final class GzipBytes: ByteSource {
  private static let inputSize = 32 << 10
  /// The largest window, with a gzip header around it.
  private static let windowBits: Int32 = 15 + 16
  private static let magic: [UInt8] = [0x1F, 0x8B]

  private let source: any ByteSource
  private let path: String
  private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
  private let input = UnsafeMutableRawBufferPointer.allocate(
    byteCount: inputSize, alignment: 16)
  private var isInsideMember = false
  private var memberCount = 0
  private var hasEnded = false
  private(set) var warning: String?

  /// Whether a file that begins so is gzip.
  static func isBeginning(_ bytes: ArraySlice<UInt8>) -> Bool { bytes.starts(with: magic) }

  /// - Parameter path: of the file, for errors.
  init(_ source: any ByteSource, path: String) throws {
    self.source = source
    self.path = path
    stream.initialize(to: z_stream())
    let code = inflateInit2_(
      stream, Self.windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard code == Z_OK else { throw FileError("\(path): zlib does not start (\(code))") }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
    input.deallocate()
  }

  var consumed: Int64 { source.consumed }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    stream.pointee.next_out = buffer.baseAddress!.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_out = UInt32(buffer.count)
    while !hasEnded, stream.pointee.avail_out == buffer.count {
      if !isInsideMember {
        guard try findMember() else { break }
      } else if try !refill(atLeast: 1) {
        throw FileError("\(path) is cut off: the gzip data end too early")
      }
      try inflateSome()
    }
    return buffer.count - Int(stream.pointee.avail_out)
  }

  private func inflateSome() throws {
    switch inflate(stream, Z_NO_FLUSH) {
    case Z_OK, Z_BUF_ERROR: break
    case Z_STREAM_END:
      isInsideMember = false
      memberCount += 1
      inflateReset(stream)
    default:
      let reason = stream.pointee.msg.map { String(cString: $0) } ?? "no gzip data"
      throw FileError("\(path) is damaged: the gzip data are not valid (\(reason))")
    }
  }

  /// Goes to the beginning of the next member. Returns false, and ends the content, if there is none.
  private func findMember() throws -> Bool {
    _ = try refill(atLeast: Self.magic.count)
    var isPadding = false
    while memberCount > 0, let byte = nextByte, byte == 0 {
      isPadding = true
      stream.pointee.next_in += 1
      stream.pointee.avail_in -= 1
      _ = try refill(atLeast: 1)
    }
    guard let byte = nextByte else {
      hasEnded = true
      return false
    }
    let isMember =
      !isPadding && byte == Self.magic[0] && stream.pointee.avail_in >= 2
      && stream.pointee.next_in[1] == Self.magic[1]
    guard isMember || memberCount == 0 else {
      warning = "\(path): bytes behind the end of the gzip data are ignored"
      hasEnded = true
      return false
    }
    isInsideMember = true
    return true
  }

  /// The next byte to unpack; nil where nothing has been read.
  private var nextByte: UInt8? {
    stream.pointee.avail_in > 0 ? stream.pointee.next_in.pointee : nil
  }

  /// Reads until there are so many bytes to unpack; false if the file ends before.
  private func refill(atLeast count: Int) throws -> Bool {
    while stream.pointee.avail_in < count {
      let left = Int(stream.pointee.avail_in)
      if left > 0 {
        input.copyMemory(from: UnsafeRawBufferPointer(start: stream.pointee.next_in, count: left))
      }
      let more = try source.read(into: .init(rebasing: input[left...]))
      stream.pointee.next_in = input.baseAddress!.assumingMemoryBound(to: UInt8.self)
      stream.pointee.avail_in = UInt32(left + more)
      if more == 0 { return false }
    }
    return true
  }
}
