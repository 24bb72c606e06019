internal import Glibc

/// Why a file cannot be read or written as a whole, in one line for a person.
public struct FileError: Error, Equatable, Sendable, CustomStringConvertible {
  public let description: String

  public init(_ description: String) { self.description = description }

  /// A failed system call, in the system's words.
  static func system(_ path: String, _ doing: String, _ code: Int32 = errno) -> FileError {
    FileError("\(path) cannot be \(doing): \(String(cString: strerror(code)))")
  }
}
