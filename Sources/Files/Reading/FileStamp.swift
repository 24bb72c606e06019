import Foundation

/// By what a file is known to be the same as before, without reading it.
///
/// The log of a SQLite file (its name with `-wal` behind it) belongs to it: rows that are not in the
/// database yet are there.
struct FileStamp: Equatable {
  static let logSuffix = "-wal"

  private struct Part: Equatable {
    var text: String { "\(size)-\(modified)-\(node)" }

    let size: Int64
    let modified: Int64
    let node: UInt64

    init?(_ path: String) {
      var information = stat()
      guard stat(path, &information) == 0 else { return nil }
      size = Int64(information.st_size)
      modified =
        Int64(information.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(information.st_mtim.tv_nsec)
      node = UInt64(information.st_ino)
    }
  }

  /// The stamp as a text: two are the same if their stamps are.
  var text: String { file.text + (log.map { "+\($0.text)" } ?? "") }
  /// Bytes, the log's included.
  var size: Int64 { file.size + (log?.size ?? 0) }

  private let file: Part
  /// nil where there is none, or it is empty.
  private let log: Part?

  /// nil when there is no such file.
  init?(_ path: String) {
    guard let file = Part(path) else { return nil }
    self.file = file
    log = Part(path + Self.logSuffix).flatMap { $0.size > 0 ? $0 : nil }
  }

  /// Whether a file has a log beside it that is not empty.
  static func hasLog(_ path: String) -> Bool { Part(path + logSuffix).map { $0.size > 0 } ?? false }
}
