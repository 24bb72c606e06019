import Glibc

/// A file beside a history that one process at a time has locked: the kernel lets go of it when the process ends.
final class HistoryLock: Sendable {
  /// Another process uses the history.
  struct Taken: Error {}

  private let file: Int32

  /// Throws `Taken`, or `SystemError` when the file cannot be written.
  init(_ path: String) throws {
    file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw SystemError(path: path, code: errno) }
    guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
      close(file)
      throw Taken()
    }
  }

  deinit { close(file) }

  /// What the system says about a file.
  struct SystemError: Error, CustomStringConvertible {
    let path: String
    let code: Int32
    var description: String { "\(path): \(String(cString: strerror(code)))" }
  }
}
