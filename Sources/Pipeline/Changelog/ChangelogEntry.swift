// Safety: what an entry lends lies in the record that it was read from.

import Attribution
import Cluster
import Codec

/// One thing that a task remembers, as its changelog keeps it.
struct ChangelogEntry {
  enum Subject {
    /// An accepted event. Of its user's id only conversions keep the text.
    case event
    /// The published revision of a conversion accepted earlier.
    case revision
  }

  var subject = Subject.event
  /// The event; of a revision, the conversion's id and time.
  var event: Event
  /// Of the user 80 bits, which is all that a task compares.
  var identity: EventIdentity
  /// Of a touch that has a session.
  var session: SessionHash?
  /// Of a touch: the number of its campaign, channel and ad within the record.
  var placement = 0
  /// Of a conversion, or a revision.
  var revision: Int32 = 1
}

/// Takes the entries of one changelog record one by one.
struct ChangelogReader {
  private var reader: ByteReader
  private let key: IdentityKey
  private var time: Milliseconds = 0
  private var placements: [(campaign: BorrowedBytes, channel: BorrowedBytes, ad: BorrowedBytes)] =
    []

  /// - Parameters:
  ///   - record: a record's value, which must outlive the reader and its entries.
  ///   - key: what the task that wrote it hashes ids with.
  init(_ record: UnsafeRawBufferPointer, _ key: IdentityKey) throws {
    self.key = key
    reader = ByteReader(record)
    let version: UInt8 = reader.integer()
    guard version == ChangelogChunk.version, !reader.isCut else {
      throw PipelineError(
        "the state topic holds format version \(record.isEmpty ? "none" : "\(version)"), this "
          + "program reads \(ChangelogChunk.version); run the version that wrote it, or use a new "
          + "application_id")
    }
  }

  /// The next entry; nil at the end.
  @inline(__always)
  mutating func next() throws -> ChangelogEntry? {
    if reader.isAtEnd { return nil }
    let tag: UInt8 = reader.integer()
    time &+= reader.signed()
    let id = reader.short()
    guard (Time.earliest...Time.latest).contains(time) else { throw ChangelogReader.damaged }
    let kind = EventKind(rawValue: tag & ~ChangelogChunk.sessionFlag)
    var entry = ChangelogEntry(
      event: Event(kind: kind ?? .conversion, time: time, eventID: id, userID: .empty),
      identity: EventIdentity(event: key.hash(id), user: Hash128(high: 0, low: 0)))
    switch kind {
    case .impression, .click:
      entry.identity.user = user()
      if tag & ChangelogChunk.sessionFlag != 0 { entry.session = session() }
      try readPlacement(into: &entry)
    case .conversion:
      entry.event.userID = reader.short()
      entry.identity.user = key.hash(entry.event.userID)
      entry.event.amount = Micros(bitPattern: reader.varint())
    case .cost:
      break
    case nil:
      guard tag == ChangelogChunk.revisionTag else { throw ChangelogReader.damaged }
      entry.subject = .revision
      entry.identity.user = user()
      entry.revision = Int32(truncatingIfNeeded: reader.varint())
    }
    if reader.isCut { throw ChangelogReader.damaged }
    return entry
  }

  private mutating func readPlacement(into entry: inout ChangelogEntry) throws {
    let number = reader.varint()
    guard number <= UInt64(placements.count) else { throw ChangelogReader.damaged }
    if number == UInt64(placements.count) {
      placements.append((reader.short(), reader.short(), reader.short()))
    }
    entry.placement = Int(number)
    (entry.event.campaignID, entry.event.channel, entry.event.adID) = placements[entry.placement]
  }

  private mutating func user() -> Hash128 {
    let high: UInt64 = reader.integer()
    let tag: UInt16 = reader.integer()
    return Hash128(high: high, low: UInt64(tag) << 48)
  }

  private mutating func session() -> SessionHash {
    let low: UInt32 = reader.integer()
    let high: UInt16 = reader.integer()
    return SessionHash(bits: UInt64(high) << 32 | UInt64(low))
  }

  private static let damaged = PipelineError(
    "a record of the state topic is damaged; restore the topic or reset it")
}
