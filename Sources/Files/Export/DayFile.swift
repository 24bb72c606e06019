internal import Glibc

/// What became of a day of an export.
public enum DayOutcome: Equatable, Sendable {
  case written(records: Int)
  /// The file is what it would be.
  case unchanged(records: Int)
  /// Some of its windows are not final yet; no file was touched.
  case notFinal
}

/// The file of one day: there in full or not at all, and written only where it does not say already what it is to say.
struct DayFile {
  let path: String

  /// - Parameter folder: made where it is missing.
  static func makeFolder(_ folder: String) throws(FileError) {
    guard mkdir(folder, 0o755) == 0 || errno == EEXIST else {
      throw FileError.system(folder, "made")
    }
  }

  /// - Parameter forEachPiece: lends what belongs into the file, piece by piece, with the number of records in each, as
  ///   long as more is wanted; the same each time. It is asked once for the comparison and once for the file.
  func write(
    _ forEachPiece: ((_ bytes: [UInt8], _ records: Int) throws -> Bool) throws -> Void
  ) throws -> DayOutcome {
    var count = 0
    if let known = FileComparison(path) {
      try forEachPiece { bytes, records in
        count += records
        return known.continues(with: bytes)
      }
      if known.isAtEnd { return .unchanged(records: count) }
    }
    count = 0
    let file = try AtomicFile(path)
    try forEachPiece { bytes, records in
      count += records
      try file.append { $0 += bytes }
      return true
    }
    try file.finish()
    return .written(records: count)
  }
}
