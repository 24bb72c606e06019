// Safety: owns one decompression context from `init` to `deinit`. zstd reads from `input` and writes into
// the lent buffer only inside `ZSTD_decompressStream`; both pointers are set anew for each call.

internal import CZstd

/// The content of a zstd file. Several frames are one content; skippable frames are passed over.
///
/// Memory is bounded as zstd(1) bounds it: a frame that needs a window beyond 128 MiB is refused.
final class ZstdBytes: ByteSource {
  private static let inputSize = 64 << 10
  /// Binary logarithm of the largest window, in bytes.
  private static let largestWindow: Int32 = 27

  private let source: any ByteSource
  private let path: String
  private let context: OpaquePointer
  private let input = UnsafeMutableRawBufferPointer.allocate(
    byteCount: inputSize, alignment: 16)
  private var available = ZSTD_inBuffer()
  private var isInsideFrame = false
  /// Whether the context may hold output that there was no room for.
  private var mayHoldMore = false

  /// Whether a file that begins so is zstd: a frame's magic number, or a skippable frame's.
  static func isBeginning(_ bytes: ArraySlice<UInt8>) -> Bool {
    let bytes = Array(bytes.prefix(4))
    guard bytes.count == 4 else { return false }
    return bytes == [0x28, 0xB5, 0x2F, 0xFD]
      || bytes[0] & 0xF0 == 0x50 && bytes[1...] == [0x2A, 0x4D, 0x18]
  }

  /// - Parameter path: of the file, for errors.
  init(_ source: any ByteSource, path: String) throws {
    guard let context = ZSTD_createDCtx() else { throw FileError("\(path): zstd does not start") }
    self.source = source
    self.path = path
    self.context = context
    ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, Self.largestWindow)
    available.src = UnsafeRawPointer(input.baseAddress!)
  }

  deinit {
    ZSTD_freeDCtx(context)
    input.deallocate()
  }

  var consumed: Int64 { source.consumed }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    var output = ZSTD_outBuffer(dst: buffer.baseAddress!, size: buffer.count, pos: 0)
    while output.pos == 0 {
      if available.pos == available.size, !mayHoldMore {
        guard try refill() else { return 0 }
      }
      let code = ZSTD_decompressStream(context, &output, &available)
      guard ZSTD_isError(code) == 0 else { throw failure(code) }
      isInsideFrame = code != 0
      mayHoldMore = isInsideFrame && output.pos == output.size
    }
    return output.pos
  }

  /// Reads on; false at the end of the file.
  private func refill() throws -> Bool {
    available.size = try source.read(into: input)
    available.pos = 0
    if available.size > 0 { return true }
    guard !isInsideFrame else {
      throw FileError("\(path) is cut off: the zstd data end too early")
    }
    return false
  }

  private func failure(_ code: Int) -> FileError {
    if ZSTD_getErrorCode(code) == ZSTD_error_frameParameter_windowTooLarge {
      return FileError(
        "\(path) needs more than 128 MiB to unpack: pack it again without --long and --ultra")
    }
    let reason = String(cString: ZSTD_getErrorName(code))
    return FileError("\(path) is damaged: the zstd data are not valid (\(reason))")
  }
}
