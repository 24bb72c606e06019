// Safety: `bytes` is changed only by `removeAll` and `append`, and what is lent from it is used
// before the next call of either: `events` and `records` say so.

import Attribution
import Codec

/// A run of records in memory, as bytes and, if wanted, decoded.
public final class Chunk {
  private var bytes: [UInt8] = []
  private var ends: [(kind: EventKind, end: Int)] = []
  private var decoders = Decoders(Definitions())

  public init() {}

  public var count: Int { ends.count }
  public var byteCount: Int { bytes.count }

  func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    ends.removeAll(keepingCapacity: true)
  }

  func append(_ kind: EventKind, _ write: (inout [UInt8]) -> Void) {
    write(&bytes)
    ends.append((kind, bytes.count))
  }

  /// Lends the records' bytes for one call.
  func withRecords<Result>(
    _ body: (UnsafeBufferPointer<LentRecord>) throws -> Result
  ) rethrows -> Result {
    try bytes.withUnsafeBytes { bytes in
      var start = 0
      let records = ends.map { kind, end in
        defer { start = end }
        return LentRecord(kind: kind, value: UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
      }
      return try records.withUnsafeBufferPointer(body)
    }
  }

  /// Lends the records, decoded, for one call.
  func withEvents<Result>(
    _ body: (UnsafeBufferPointer<Event>) throws -> Result
  ) rethrows -> Result {
    try withRecords { records in
      let events = records.map { record in
        var event = Event(kind: record.kind, time: 0, eventID: .empty, userID: .empty)
        let rejection = decoders.decode(record, into: &event)
        precondition(rejection == nil, "the workload's records can all be used")
        return event
      }
      return try events.withUnsafeBufferPointer(body)
    }
  }
}

/// A record's bytes, lent by a chunk.
struct LentRecord {
  var kind: EventKind
  var value: UnsafeRawBufferPointer
}

/// A decoder per input of the workload.
struct Decoders {
  private var click: EventDecoder
  private var conversion: EventDecoder

  init(_ definitions: Definitions) {
    func decoder(_ kind: EventKind) -> EventDecoder {
      EventDecoder(kind: kind, definitions: definitions)
    }
    click = decoder(.click)
    conversion = decoder(.conversion)
  }

  @inline(__always)
  mutating func decode(_ record: LentRecord, into event: inout Event) -> Rejection? {
    record.kind == .click
      ? click.decode(record.value, recordTimestamp: -1, into: &event)
      : conversion.decode(record.value, recordTimestamp: -1, into: &event)
  }

  /// Takes back the memory of names with escapes.
  mutating func recycle() {
    click.recycle()
    conversion.recycle()
  }
}
