// Safety: a source writes only into the buffer that it is lent for one call.

internal import Glibc

/// Bytes that come one piece after another: a file's, or what a compressed file holds.
protocol ByteSource: AnyObject {
  /// Fills the beginning of `buffer`. Returns how much, 0 at the end.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int
  /// Bytes of the file taken so far, as they lie on the disk.
  var consumed: Int64 { get }
}

/// The bytes of a file, as they are.
final class FileBytes: ByteSource {
  let path: String
  private let descriptor: Int32
  private(set) var consumed: Int64 = 0
  /// What was read to look at the beginning, and is still to be handed out.
  private var ahead: [UInt8] = []

  init(_ path: String) throws(FileError) {
    self.path = path
    descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system(path, "read") }
    _ = posix_fadvise(descriptor, 0, 0, Int32(POSIX_FADV_SEQUENTIAL))
  }

  deinit { close(descriptor) }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    let known = min(ahead.count, buffer.count)
    if known > 0 {
      ahead.withUnsafeBytes { buffer.copyMemory(from: .init(rebasing: $0[..<known])) }
      ahead.removeFirst(known)
    }
    while true {
      let count = Glibc.read(descriptor, buffer.baseAddress! + known, buffer.count - known)
      if count >= 0 {
        consumed += Int64(count)
        return known + count
      }
      guard errno == EINTR else { throw FileError.system(path, "read") }
    }
  }

  /// The first bytes, up to `count`, which are read again later.
  func peek(_ count: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      let more = try bytes.withUnsafeMutableBytes {
        try read(into: .init(rebasing: $0[filled...]))
      }
      if more == 0 { break }
      filled += more
    }
    ahead = Array(bytes[..<filled])
    return ahead
  }

  /// The content behind `path`, unpacked when it is gzip.
  static func open(_ path: String) throws -> any ByteSource {
    let file = try FileBytes(path)
    let isGzip = try file.peek(2) == [0x1F, 0x8B]
    if isGzip { return try GzipBytes(file) }
    guard !path.lowercased().hasSuffix(".gz") || file.ahead.isEmpty else {
      throw FileError("\(path) is not gzip, as its name says")
    }
    return file
  }
}
