// Safety: the system writes into a buffer of this object's own, within its bounds. The descriptor is closed with the
// object.

internal import Glibc

/// Compares what a file holds with what comes piece by piece.
final class FileComparison {
  private let descriptor: Int32
  private var buffer: [UInt8] = []
  private var isSame = true

  /// Nil when there is no such file to read.
  init?(_ path: String) {
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    if descriptor < 0 { return nil }
  }

  deinit { close(descriptor) }

  /// Whether the file goes on with these bytes.
  func continues(with bytes: [UInt8]) -> Bool {
    isSame = isSame && read(bytes.count) == bytes[...]
    return isSame
  }

  /// Whether the file has been the same so far, and ends here.
  var isAtEnd: Bool { isSame && read(1).isEmpty }

  /// So many bytes; fewer at the end of the file, or where it cannot be read.
  private func read(_ count: Int) -> ArraySlice<UInt8> {
    if buffer.count < count { buffer += Array(repeating: 0, count: count - buffer.count) }
    var end = 0
    while end < count {
      let got = buffer.withUnsafeMutableBytes {
        Glibc.read(descriptor, $0.baseAddress! + end, count - end)
      }
      if got < 0, errno == EINTR { continue }
      if got <= 0 { break }
      end += got
    }
    return buffer[..<end]
  }
}
