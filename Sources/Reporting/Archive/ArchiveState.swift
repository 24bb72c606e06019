import Attribution
import Codec

/// What an archive holds beside windows: all that a board needs to go on where another ended.
package struct ArchiveState: Equatable, Sendable {
  /// Counts up with every change of the archive.
  package var commit: Int64 = 0
  /// Windows that start before this are in sums by hour and day, too. A start of a day.
  package var archivedBefore: Milliseconds = .min
  package var watermark: Milliseconds?
  package var revisionCount = 0
  /// Rollups in all windows.
  package var count = 0
  package var finalThrough: [Int32: Milliseconds] = [:]
  package var lost: Set<LostRange> = []
  /// How many names each view has, and how many corrected rollups.
  package var memberCounts: [Int]
  package var correctionCounts: [Int]

  package init(viewCount: Int) {
    memberCounts = Array(repeating: 0, count: viewCount)
    correctionCounts = memberCounts
  }
}

/// A window as an archive lists it.
package struct ArchivedWindow: Sendable {
  package var id: ArchivedRowsID
  package var count: Int
  package var corrections: Int

  package init(id: ArchivedRowsID, count: Int, corrections: Int) {
    self.id = id
    self.count = count
    self.corrections = corrections
  }
}

/// One change of what an archive holds.
package enum ArchiveChange {
  case put(ArchivedWindow, bytes: [UInt8])
  case delete(ArchivedRowsID)
}
