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
  /// Of a touch that was not taken back, of a cost, or of a conversion that has configured fields: the number of
  /// its names within the record.
  var tuple: Int?
  /// Whether it replaced another version of the event.
  var isReplacement = false
  /// Of a conversion, or a revision.
  var revision: Int32 = 1
}

/// Takes the entries of one changelog record one by one.
struct ChangelogReader {
  private var reader: ByteReader
  private let key: IdentityKey
  private var time: Milliseconds = 0
  private let touchFields: ConfiguredFields
  private let conversionFields: ConfiguredFields
  /// Names of the record's tuples, one after the other, and where those of each begin.
  private var names: [BorrowedBytes] = []
  private var starts: [Int] = []

  /// - Parameters:
  ///   - record: a record's value, which must outlive the reader and its entries.
  ///   - key: what the task that wrote it hashes ids with.
  ///   - definitions: under which it was written.
  init(
    _ record: UnsafeRawBufferPointer, _ key: IdentityKey, _ definitions: Definitions = Definitions()
  ) throws {
    self.key = key
    touchFields = definitions.fields(of: .click)
    conversionFields = definitions.fields(of: .conversion)
    reader = ByteReader(record)
    let version: UInt8 = reader.integer()
    guard version == ChangelogChunk.version, !reader.isCut else {
      throw OperatorError(
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
    let kind = EventKind(rawValue: tag & ~ChangelogReader.flags)
    var entry = ChangelogEntry(
      event: Event(kind: kind ?? .conversion, time: time, eventID: id, userID: .empty),
      identity: EventIdentity(event: key.hash(id), user: Hash128(high: 0, low: 0)))
    if tag & ChangelogChunk.versionFlag != 0 { readVersion(into: &entry) }
    switch kind {
    case .impression, .click:
      entry.identity.user = user()
      if entry.event.isDeleted { break }
      if tag & ChangelogChunk.sessionFlag != 0 { entry.session = session() }
      try readNames(into: &entry)
      if tag & ChangelogChunk.amountFlag != 0 {
        entry.event.amount = Micros(bitPattern: reader.varint())
      }
    case .conversion:
      entry.event.userID = reader.short()
      entry.event.amount = Micros(bitPattern: reader.varint())
      if tag & ChangelogChunk.versionFlag != 0 {
        entry.revision = Int32(truncatingIfNeeded: reader.varint())
      }
      try readUser(into: &entry)
    case .cost:
      try readNames(into: &entry)
      entry.event.amount = Micros(bitPattern: reader.varint())
    case nil:
      guard tag == ChangelogChunk.revisionTag else { throw ChangelogReader.damaged }
      entry.subject = .revision
      entry.identity.user = user()
      entry.revision = Int32(truncatingIfNeeded: reader.varint())
    }
    if reader.isCut { throw ChangelogReader.damaged }
    return entry
  }

  private static let flags =
    ChangelogChunk.sessionFlag | ChangelogChunk.amountFlag | ChangelogChunk.versionFlag

  private mutating func readVersion(into entry: inout ChangelogEntry) {
    entry.event.version = Int32(truncatingIfNeeded: reader.varint())
    let bits: UInt8 = reader.integer()
    entry.event.isDeleted = bits & ChangelogChunk.deletedBit != 0
    entry.isReplacement = bits & ChangelogChunk.replacementBit != 0
  }

  /// Reads the names of a touch or a cost.
  private mutating func readNames(into entry: inout ChangelogEntry) throws {
    let range = try readTuple(3 + touchFields.names.count, into: &entry)
    entry.event.campaignID = names[range.lowerBound]
    entry.event.channel = names[range.lowerBound + 1]
    entry.event.adID = names[range.lowerBound + 2]
  }

  /// Reads the number of a tuple, and its names where they come for the first time.
  ///
  /// - Parameter count: how many names it has.
  /// - Returns: where they lie.
  private mutating func readTuple(
    _ count: Int, into entry: inout ChangelogEntry
  ) throws -> Range<Int> {
    let number = reader.varint()
    guard number <= UInt64(starts.count) else { throw ChangelogReader.damaged }
    if number == UInt64(starts.count) {
      starts.append(names.count)
      for _ in 0..<count { names.append(reader.short()) }
    }
    entry.tuple = Int(number)
    let range = range(ofTuple: Int(number))
    guard range.count == count else { throw ChangelogReader.damaged }
    return range
  }

  private func range(ofTuple number: Int) -> Range<Int> {
    starts[number]..<(number + 1 < starts.count ? starts[number + 1] : names.count)
  }

  /// Lends the names of a tuple that an entry has had.
  func withNames<Result>(
    ofTuple number: Int, _ body: (UnsafeBufferPointer<BorrowedBytes>) -> Result
  ) -> Result {
    names.withUnsafeBufferPointer {
      body(UnsafeBufferPointer(rebasing: $0[range(ofTuple: number)]))
    }
  }

  /// Reads a conversion's configured fields, and hashes its user.
  private mutating func readUser(into entry: inout ChangelogEntry) throws {
    let id = entry.event.userID
    guard !conversionFields.isEmpty else {
      entry.identity.user = key.hash(id)
      return
    }
    _ = try readTuple(conversionFields.names.count, into: &entry)
    entry.identity.user = withNames(ofTuple: entry.tuple!) { names in
      key.hash(
        user: id,
        ConfiguredValues(
          start: names.baseAddress!, count: names.count, matching: conversionFields.matching))
    }
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

  private static let damaged = OperatorError(
    "a record of the state topic is damaged; restore the topic or reset it")
}
