import Glibc

/// The one way to standard output: data.
///
/// Data that cannot be written are an error. A reader that has had enough (`tributary report | head -1`) is none:
/// the command ends without a word.
enum StandardOutput {
  /// Nobody reads any more; the command ends quietly.
  struct Closed: Error {}

  /// Writes a line, or what `terminator` makes of it.
  static func print(_ text: String, terminator: String = "\n") throws {
    try write(text + terminator)
  }

  static func write(_ text: String) throws {
    var text = text
    try text.withUTF8 { try write(UnsafeRawBufferPointer($0)) }
  }

  static func write(_ bytes: UnsafeRawBufferPointer) throws {
    switch Descriptor.write(bytes, to: STDOUT_FILENO) {
    case nil: return
    case EPIPE: throw Closed()
    case let code?:
      throw Failure(
        "standard output cannot be written: \(String(cString: strerror(code))); what was to be printed is lost"
      )
    }
  }
}

/// Writes to file descriptors.
enum Descriptor {
  /// Writes all of it.
  ///
  /// - Returns: why the rest could not be written; nil when nothing is left.
  static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int32? {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = Glibc.write(
        descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      if count >= 0 {
        rest = rest.dropFirst(count)
      } else if errno == EAGAIN {
        var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard poll(&request, 1, -1) >= 0 || errno == EINTR else { return errno }
      } else if errno != EINTR {
        return errno
      }
    }
    return nil
  }
}
