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
  private(set) var complaint: Complaint?
  /// Records that were passed over because they are for no entry of `inputs`.
  private(set) var filteredCount = 0
  private(set) var hasRecord = false
  private var knownTime: Milliseconds?

  init(_ file: InputFile, number: Int, clock: RecordClock) throws {
    self.file = file
    self.number = number
    self.clock = clock
    source = try file.open(currency: clock.currency)
    try advance()
  }

  /// Bytes of the file taken so far, as they lie on the disk.
  var consumed: Int64 { source.consumed }
  var warning: String? { source.warning }

  /// Goes to the next record.
  func advance() throws {
    knownTime = nil
    var isFiltered = true
    while isFiltered {
      isFiltered = false
      hasRecord = try source.next { record in
        guard !record.isFiltered else {
          isFiltered = true
          filteredCount += 1
          return
        }
        bytes.removeAll(keepingCapacity: true)
        bytes.append(contentsOf: record.bytes)
        line = record.line
        complaint = record.complaint
      }
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
  /// The one that amounts are in.
  let currency: String

  init(_ kind: EventKind, _ definitions: Definitions) {
    self.kind = kind
    currency = definitions.currency
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
