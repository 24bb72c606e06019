import Attribution
import Codec

/// A file that is being read, and its next record.
final class FileCursor {
  let file: InputFile
  /// Among all files of its kind, by the order in which they were given.
  let number: Int
  private let source: any RecordSource
  private let clock: RecordClock
  private(set) var bytes: [UInt8] = []
  private(set) var line = 0
  private(set) var complaint: String?
  private(set) var hasRecord = false
  private var knownTime: Milliseconds?

  init(_ file: InputFile, number: Int, map: ColumnMap, clock: RecordClock) throws {
    self.file = file
    self.number = number
    self.clock = clock
    source = try file.open(map)
    try advance()
  }

  /// Bytes of the file taken so far, as they lie on the disk.
  var consumed: Int64 { source.consumed }

  /// Goes to the next record.
  func advance() throws {
    knownTime = nil
    hasRecord = try source.next { record in
      bytes.removeAll(keepingCapacity: true)
      bytes.append(contentsOf: record.bytes)
      line = record.line
      complaint = record.complaint
    }
  }

  /// Event time of the next record; of one that cannot be used the earliest there is, so that it holds
  /// nobody up.
  var time: Milliseconds {
    if let knownTime { return knownTime }
    let time = hasRecord ? clock.time(of: bytes) ?? .min : .max
    knownTime = time
    return time
  }
}

/// Reads the event times of records.
final class RecordClock {
  private var decoder: EventDecoder
  private let kind: EventKind

  init(_ kind: EventKind, _ definitions: Definitions) {
    self.kind = kind
    decoder = EventDecoder(kind: kind, definitions: definitions)
  }

  /// nil when the record cannot be used.
  func time(of record: [UInt8]) -> Milliseconds? {
    record.withUnsafeBytes { bytes in
      var event = Event(kind: kind, time: 0, eventID: .empty, userID: .empty)
      defer { decoder.recycle() }
      return decoder.decode(bytes, recordTimestamp: -1, into: &event) == nil ? event.time : nil
    }
  }
}
