// Safety: reads only into the buffer that it is lent for one call; owns its descriptor.

internal import Glibc

/// The bytes of a file, as they are.
package final class FileBytes: ByteSource {
  let path: String
  private let descriptor: Int32
  package private(set) var consumed: Int64 = 0

  init(_ path: String) throws(FileError) {
    self.path = path
    descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system(path, "read") }
    _ = posix_fadvise(descriptor, 0, 0, Int32(POSIX_FADV_SEQUENTIAL))
  }

  deinit { close(descriptor) }

  package func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    while true {
      let count = Glibc.read(descriptor, buffer.baseAddress!, buffer.count)
      if count >= 0 {
        consumed += Int64(count)
        return count
      }
      guard errno == EINTR else { throw FileError.system(path, "read") }
    }
  }

  /// The content behind `path`, unpacked if its first bytes are those of gzip or zstd, whatever its name.
  static func open(_ path: String) throws -> any ByteSource {
    try unpacked(FileBytes(path), path: path)
  }

  /// The content of `source`, unpacked if its first bytes are those of gzip or zstd.
  ///
  /// - Parameter path: of the file, for errors.
  static func unpacked(_ source: any ByteSource, path: String) throws -> any ByteSource {
    let file = PeekedBytes(source)
    let start = try file.peek(4)
    if GzipBytes.isBeginning(start) { return try GzipBytes(file, path: path) }
    if ZstdBytes.isBeginning(start) { return try ZstdBytes(file, path: path) }
    return file
  }
}
