// Safety: before an entry is written there is room for the largest, and its parts are written one after
// the other by `ByteWriter`.

import Attribution
import Codec

/// Builds one changelog record: entries of one event-time bucket behind a version byte.
///
/// An entry is a tag, its time since the entry before, its id, and what its kind needs. A touch's
/// names are written once per record and referred to by number after that, and so are a conversion's configured
/// fields, where there are such fields.
struct ChangelogChunk: ~Copyable {
  /// Of the format. Hashes in it are made with the task's secret, which its progress record keeps.
  static let version: UInt8 = 3

  static let revisionTag: UInt8 = 4
  static let sessionFlag: UInt8 = 8
  /// Of a touch: what it cost stands behind its tuple.
  static let amountFlag: UInt8 = 16
  /// Behind the id stand its version and a byte of its own.
  static let versionFlag: UInt8 = 32
  /// Bits of that byte.
  static let deletedBit: UInt8 = 1
  static let replacementBit: UInt8 = 2

  /// More than any entry takes: texts of up to 255 bytes behind their counts, and numbers.
  private static let largestEntry = 256 * (5 + Definitions.mostFields) + 64

  private var record = RecordBuffer(capacity: 16_384)
  private var lastTime: Milliseconds = 0
  private var tuples = TupleNumbers()

  init() { begin() }

  private mutating func begin() {
    var writer = writer()
    writer.put(integer: ChangelogChunk.version)
    close(writer, 0)
  }

  /// Bytes written.
  var count: Int { record.count }
  /// Bytes held.
  var byteCount: Int { record.room + tuples.byteCount }

  /// The record's value so far, valid until the next change.
  var bytes: UnsafeRawBufferPointer { record.bytes }

  /// Remembers an accepted event, whose ids are hashed already.
  mutating func append(
    _ event: UnsafePointer<Event>, _ identity: EventIdentity, _ accepted: AcceptedEvent
  ) {
    let kind = event.pointee.kind
    let time = event.pointee.time
    let session = kind.isTouch ? accepted.session : nil
    let isDeleted = event.pointee.isDeleted
    let isVersion = event.pointee.version > 0 || isDeleted
    var tag = kind.rawValue
    if session != nil { tag |= ChangelogChunk.sessionFlag }
    if isVersion { tag |= ChangelogChunk.versionFlag }
    if kind.isTouch, event.pointee.amount != 0, !isDeleted { tag |= ChangelogChunk.amountFlag }
    var writer = writer()
    writer.begin(tag, time &- lastTime, event.pointee.eventID)
    if isVersion {
      writer.put(varint: UInt64(event.pointee.version))
      writer.put(
        integer: (isDeleted ? ChangelogChunk.deletedBit : 0)
          | (accepted.replaces == nil ? 0 : ChangelogChunk.replacementBit))
    }
    switch kind {
    case .impression, .click:
      writer.put(user: identity.user)
      // Nothing but the id is left of one that was taken back.
      if isDeleted { break }
      if let session { writer.put(session) }
      put(accepted.tuple, of: event, &writer)
      if tag & ChangelogChunk.amountFlag != 0 {
        writer.put(varint: UInt64(bitPattern: event.pointee.amount))
      }
    case .conversion:
      writer.put(short: event.pointee.userID)
      writer.put(varint: UInt64(bitPattern: event.pointee.amount))
      if isVersion { writer.put(varint: UInt64(UInt32(bitPattern: accepted.revision))) }
      guard !event.pointee.values.isEmpty else { break }
      let (number, isNew) = tuples.number(of: accepted.tuple)
      writer.put(varint: UInt64(number))
      if isNew { writer.put(event.pointee.values) }
    case .cost:
      put(accepted.tuple, of: event, &writer)
      writer.put(varint: UInt64(bitPattern: event.pointee.amount))
    }
    close(writer, time)
  }

  /// Writes the number of an event's names, and the names where the record does not have them yet.
  @inline(__always)
  private mutating func put(
    _ tuple: UInt32, of event: UnsafePointer<Event>, _ writer: inout ByteWriter
  ) {
    let (number, isNew) = tuples.number(of: tuple)
    writer.put(varint: UInt64(number))
    guard isNew else { return }
    writer.put(short: event.pointee.campaignID)
    writer.put(short: event.pointee.channel)
    writer.put(short: event.pointee.adID)
    writer.put(event.pointee.values)
  }

  /// Remembers that a conversion's attribution was published again.
  ///
  /// - Parameter user: the hash of its user's id.
  mutating func append(revisionOf conversion: CreditedConversion, user: Hash128) {
    var writer = writer()
    writer.begin(
      ChangelogChunk.revisionTag, conversion.time &- lastTime, conversion.conversionID)
    writer.put(user: user)
    writer.put(varint: UInt64(conversion.revision))
    close(writer, conversion.time)
  }

  /// Empties the chunk for the next record, keeping its memory.
  mutating func removeAll() {
    record.removeAll()
    tuples.removeAll()
    begin()
  }

  private mutating func writer() -> ByteWriter {
    ByteWriter(record.reserve(ChangelogChunk.largestEntry))
  }

  private mutating func close(_ writer: ByteWriter, _ time: Milliseconds) {
    record.append(through: writer.cursor)
    lastTime = time
  }
}

extension ByteWriter {
  fileprivate mutating func begin(_ tag: UInt8, _ time: Milliseconds, _ id: BorrowedBytes) {
    put(integer: tag)
    put(signed: time)
    put(short: id)
  }

  fileprivate mutating func put(user: Hash128) {
    put(integer: user.high)
    put(integer: UInt16(truncatingIfNeeded: user.low >> 48))
  }

  fileprivate mutating func put(_ values: ConfiguredValues) {
    for index in 0..<values.count { put(short: values[index]) }
  }

  fileprivate mutating func put(_ session: SessionHash) {
    put(integer: UInt32(truncatingIfNeeded: session.bits))
    put(integer: UInt16(truncatingIfNeeded: session.bits >> 32))
  }
}
