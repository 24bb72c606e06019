import Attribution

/// How much time the rows of an archive stand for: one window, or all windows of an hour or a day of UTC.
package enum WindowLevel: Int64, Sendable, CaseIterable {
  case window
  case hour
  case day

  /// In milliseconds; nil for a window, whose length is its view's.
  package var length: Milliseconds? {
    switch self {
    case .window: nil
    case .hour: 3_600_000
    case .day: 86_400_000
    }
  }

  /// When the hour or day that holds `time` starts.
  package func start(of time: Milliseconds) -> Milliseconds {
    guard let length else { return time }
    let remainder = time % length
    return time - (remainder < 0 ? remainder + length : remainder)
  }
}

/// Which rows of an archive are meant.
package struct ArchivedRowsID: Hashable, Sendable {
  /// The view's place in the definitions.
  package var view: Int
  package var level: WindowLevel
  package var start: Milliseconds

  package init(view: Int, level: WindowLevel, start: Milliseconds) {
    self.view = view
    self.level = level
    self.start = start
  }

  /// Years 1 to 9999 in seconds, moved to where they are positive: 40 bits.
  private static let offset: Int64 = 1 << 38

  /// One number for all of it: rows of a view and level lie together, in the order of time.
  package var number: Int64 {
    Int64(view) << 42 | level.rawValue << 40 | (start / 1_000 + Self.offset)
  }

  /// Nil for a number that stands for nothing.
  package init?(number: Int64) {
    guard number >= 0, let level = WindowLevel(rawValue: number >> 40 & 3) else { return nil }
    self.init(
      view: Int(number >> 42), level: level,
      start: ((number & (1 << 40 - 1)) - Self.offset) * 1_000)
  }
}

/// Windows that a board has put aside, where they can be read again.
package protocol WindowArchive: Sendable {
  /// Lends what was archived by one commit; nothing changes meanwhile. Any thread, several at once.
  ///
  /// Throws `ArchiveFailure.changed` when another commit has been made since.
  func read<Result>(
    asOf commit: Int64, _ body: (any ArchiveReader) throws -> Result
  ) throws -> Result
}

/// Finds rows in an archive.
package protocol ArchiveReader {
  /// Lends the bytes of archived rows for one call; nil if there are none.
  func withBytes<Result>(
    of rows: ArchivedRowsID, _ body: (UnsafeRawBufferPointer?) throws -> Result
  ) throws -> Result
}

/// Why an archive does not answer.
public enum ArchiveFailure: Error, Equatable {
  /// It is not any more as the board remembers it: ask a newer picture of the board.
  case changed
  /// What it holds cannot be read.
  case unreadable(String)
}

extension ArchiveReader {
  /// Reads rows into `rows`, whose memory is used again; returns whether there are any.
  func read(_ id: ArchivedRowsID, width: Int, into rows: inout ArchivedRows) throws -> Bool {
    try withBytes(of: id) { bytes in
      guard let bytes else { return false }
      try rows.decode(bytes, of: id, width: width)
      return true
    }
  }

  /// As the other, for rows that must be there.
  func require(_ id: ArchivedRowsID, width: Int, into rows: inout ArchivedRows) throws {
    guard try read(id, width: width, into: &rows) else {
      throw ArchiveFailure.unreadable("rows are missing: \(id.number)")
    }
  }
}
