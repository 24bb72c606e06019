internal import Glibc

/// Why a file cannot be read or written as a whole, in one line for a person.
public struct FileError: Error, Equatable, Sendable, CustomStringConvertible {
  public let description: String

  public init(_ description: String) { self.description = description }

  /// That of the last system call that failed on this thread.
  package static func lastFailure() -> Int32 { errno }

  /// A failed system call, in the system's words.
  package static func system(
    _ path: String, _ doing: String, _ code: Int32 = lastFailure()
  ) -> FileError {
    FileError("\(path) cannot be \(doing): \(String(cString: strerror(code)))")
  }
}
