// Safety: records are lent from the arena, which changes only in `read`.

import Attribution
import Cluster
import Kafka

/// The files of one kind as the only partition of their input topic.
final class FileInput: LogReader {
  /// Enough to amortise a call, few enough to stay in cache.
  private static let batchSize = 1_024
  private static let batchBytes = 4 << 20

  let kind: EventKind
  private let files: [InputFile]
  private let merge: FileMerge
  /// What records are taken to carry as their own timestamp.
  private let timestamp: Milliseconds
  private let mayRead: () -> Bool
  private let faults: FaultFinder

  private var arena = RecordArena()
  private var places: [(file: Int, line: Int)] = []
  private var complaints: [Int: Complaint] = [:]
  private var firstOffset: Int64 = 0
  private var nextOffset: Int64 = 0
  private var hasEnded = false

  /// - Parameters:
  ///   - timestamp: decides which events lie in the future.
  ///   - mayRead: whether it is this input's turn.
  init(
    _ kind: EventKind, _ files: [InputFile], _ merge: FileMerge, _ definitions: Definitions,
    timestamp: Milliseconds, mayRead: @escaping () -> Bool
  ) {
    self.kind = kind
    faults = FaultFinder(kind, fields: files.first?.shape.fields ?? kind.fields, definitions)
    self.files = files
    self.merge = merge
    self.timestamp = timestamp
    self.mayRead = mayRead
  }

  func read() throws -> Int {
    arena.removeAll()
    places.removeAll(keepingCapacity: true)
    complaints.removeAll(keepingCapacity: true)
    firstOffset = nextOffset
    hasEnded = merge.next == nil
    guard !hasEnded, mayRead() else { return 0 }
    while places.count < FileInput.batchSize, arena.byteCount < FileInput.batchBytes,
      let cursor = merge.next
    {
      cursor.bytes.withUnsafeBytes { arena.append($0) }
      if let complaint = cursor.complaint { complaints[places.count] = complaint }
      places.append((cursor.number, cursor.line))
      try merge.advance()
    }
    nextOffset += Int64(places.count)
    return places.count
  }

  subscript(index: Int) -> Record {
    Record(
      partition: 0, offset: firstOffset + Int64(index), timestamp: timestamp, key: nil,
      value: arena[index])
  }

  /// Files are read to their end, which is behind every offset.
  var reachedEnd: Int64? { hasEnded ? FileInput.end : nil }
  var endOffset: Int64? { nil }

  /// The offset behind the last record of all files, whose number nobody knows before.
  static let end = Int64.max

  // MARK: Where records come from

  /// Where a person finds a record of the batch.
  func place(of offset: Int64) -> String {
    let (file, line) = places[Int(offset - firstOffset)]
    return files[file].place(line)
  }

  /// What is wrong with a record of the batch that was refused for a reason.
  ///
  /// - Parameters:
  ///   - field: the one that is refused; nil if it is the record.
  ///   - detail: what is wrong, in the decoder's words.
  func complaint(
    about offset: Int64, _ reason: String, field: String?, detail: String?
  ) -> Complaint {
    let index = Int(offset - firstOffset)
    return faults.fault(
      arena[index], reason: reason, field: field, detail: detail, complaints[index])
  }
}
