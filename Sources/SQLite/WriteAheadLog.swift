// Safety: reads into a buffer of its own.

internal import Glibc

/// Databases in WAL mode, whose newest rows may be in a log beside the file.
///
/// SQLite reads such a log through an index in shared memory, a file beside it that even readers make. Where
/// there is none, no other process has the database open: it can be read without locks and with an index in
/// this process's memory, which writes nothing.
enum WriteAheadLog {
  /// SQLite's way to files without locks.
  static let lockless = "unix-none"

  /// Bytes 18 and 19 of a database: the versions of the format, 2 in WAL mode.
  private static let versions = 18..<20

  /// Whether a file is a database in WAL mode that no process has open.
  static func isUnused(_ path: String) -> Bool {
    guard access(path + "-shm", F_OK) != 0 else { return false }
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return false }
    defer { close(file) }
    var header = [UInt8](repeating: 0, count: versions.upperBound)
    let count = read(file, &header, header.count)
    return count == header.count && header.starts(with: Array("SQLite format 3\0".utf8))
      && header[versions].allSatisfy { $0 == 2 }
  }
}
