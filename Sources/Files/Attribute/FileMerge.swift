import Attribution
import Codec

/// All files of one kind as one sequence of records, by event time as far as the files are sorted.
///
/// A file is opened when the time of its first record comes, so that a folder of daily files is read
/// one after the other. Records of one file keep their order.
final class FileMerge {
  private struct Waiting {
    let file: InputFile
    let number: Int
    let firstTime: Milliseconds
  }

  private let clock: RecordClock
  /// Files not opened yet, the latest first.
  private var waiting: [Waiting] = []
  /// Files that have a record, the one whose record is next last.
  private var open: [FileCursor] = []
  private var finishedBytes: Int64 = 0
  private var finishedFiltered = 0
  /// What the owner of files should know about those that have been read.
  private(set) var warnings: [String] = []

  /// Looks at the first record of every file. Throws `FileError` when one cannot be read.
  init(_ kind: EventKind, _ files: [InputFile], _ definitions: Definitions) throws {
    clock = RecordClock(kind, definitions)
    for (number, file) in files.enumerated() {
      let time = try FileMerge.firstTime(file, clock)
      waiting.append(Waiting(file: file, number: number, firstTime: time))
    }
    waiting.sort { ($0.firstTime, $0.number) > ($1.firstTime, $1.number) }
    try openNext()
  }

  /// Of the first record that can be used; there may be none for a while, or at all.
  private static func firstTime(
    _ file: InputFile, _ clock: RecordClock
  ) throws -> Milliseconds {
    let cursor = try FileCursor(file, number: 0, clock: clock)
    var looked = 0
    while cursor.hasRecord, looked < 100 {
      let time = cursor.time
      if time > .min { return time }
      try cursor.advance()
      looked += 1
    }
    return .min
  }

  /// The file whose record is next; nil at the end.
  var next: FileCursor? { open.last }

  /// Event time of the next record; `Milliseconds.max` at the end.
  var time: Milliseconds { next?.time ?? .max }

  /// Bytes of all files taken so far, as they lie on the disk.
  var consumed: Int64 { open.reduce(finishedBytes) { $0 + $1.consumed } }

  /// Records that were passed over because they are for no entry of `inputs`.
  var filteredCount: Int { open.reduce(finishedFiltered) { $0 + $1.filteredCount } }

  /// Goes to the next record.
  func advance() throws {
    guard let taken = open.last else { return }
    try taken.advance()
    // Nothing to compare with: most of the time there is one file.
    if taken.hasRecord, open.count == 1, waiting.isEmpty { return }
    open.removeLast()
    insert(taken)
    try openNext()
  }

  /// Opens the files whose time has come.
  private func openNext() throws {
    while let candidate = waiting.last, candidate.firstTime <= time {
      waiting.removeLast()
      insert(
        try FileCursor(candidate.file, number: candidate.number, clock: clock))
    }
  }

  private func insert(_ cursor: FileCursor) {
    guard cursor.hasRecord else {
      finishedBytes += cursor.consumed
      finishedFiltered += cursor.filteredCount
      if let warning = cursor.warning { warnings.append(warning) }
      return
    }
    let key = (cursor.time, cursor.number)
    var low = 0
    var high = open.count
    while low < high {
      let middle = (low + high) / 2
      if (open[middle].time, open[middle].number) > key { low = middle + 1 } else { high = middle }
    }
    open.insert(cursor, at: low)
  }
}
