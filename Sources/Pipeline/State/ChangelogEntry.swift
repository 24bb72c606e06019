import Attribution

/// One thing that a task remembers, as its changelog keeps it.
enum ChangelogEntry {
  /// An accepted event; only what a restore needs is kept of it.
  case event(Event, userHash: Hash128)
  /// The published revision of a conversion accepted earlier.
  case revision(Int32, conversion: BorrowedBytes, userHash: Hash128, time: Milliseconds)
}

/// Builds one changelog record: entries of one event-time bucket behind a version byte.
///
/// A touch's names are written once per record and referred to by number after that.
struct ChangelogChunk {
  static let version: UInt8 = 1
  static let revisionTag: UInt8 = 4

  private(set) var bytes: [UInt8] = [ChangelogChunk.version]
  private var placements: [Hash128: UInt64] = [:]

  var isEmpty: Bool { bytes.count == 1 }

  mutating func append(_ event: Event) {
    bytes.append(event.kind.rawValue)
    bytes.append(integer: event.time)
    bytes.append(short: event.eventID)
    switch event.kind {
    case .impression, .click:
      bytes.append(Hash128(event.userID))
      bytes.append(short: event.sessionID)
      append(placementOf: event)
    case .conversion:
      bytes.append(short: event.userID)
      bytes.append(integer: event.amount)
    case .cost:
      break
    }
  }

  mutating func append(revisionOf conversion: CreditedConversion) {
    bytes.append(ChangelogChunk.revisionTag)
    bytes.append(integer: conversion.time)
    bytes.append(short: conversion.conversionID)
    bytes.append(Hash128(conversion.userID))
    bytes.append(integer: Int32(conversion.revision))
  }

  private mutating func append(placementOf event: Event) {
    let campaign = Hash128(event.campaignID)
    let channel = Hash128(event.channel, seed: campaign.high)
    let hash = Hash128(event.adID, seed: channel.high)
    if let number = placements[hash] {
      bytes.append(varint: number)
      return
    }
    let number = UInt64(placements.count)
    placements[hash] = number
    bytes.append(varint: number)
    bytes.append(short: event.campaignID)
    bytes.append(short: event.channel)
    bytes.append(short: event.adID)
  }

  /// Empties the chunk for the next record, keeping its memory.
  mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    bytes.append(ChangelogChunk.version)
    placements.removeAll(keepingCapacity: true)
  }

  // MARK: Reading

  /// Visits the entries of a changelog record; what they lend is valid during the call.
  static func forEachEntry(
    in value: UnsafeRawBufferPointer, _ body: (ChangelogEntry) -> Void
  ) throws {
    var reader = ByteReader(value)
    let version: UInt8? = reader.integer()
    guard version == ChangelogChunk.version else {
      throw PipelineError(
        "the state topic holds format version \(version.map(String.init) ?? "none"), this program "
          + "reads \(ChangelogChunk.version); run the version that wrote it, or use a new "
          + "application_id")
    }
    var placements: [(BorrowedBytes, BorrowedBytes, BorrowedBytes)] = []
    while !reader.isAtEnd {
      guard let entry = entry(&reader, &placements) else {
        throw PipelineError("a record of the state topic is damaged; restore the topic or reset it")
      }
      body(entry)
    }
  }

  private static func entry(
    _ reader: inout ByteReader,
    _ placements: inout [(BorrowedBytes, BorrowedBytes, BorrowedBytes)]
  ) -> ChangelogEntry? {
    guard let tag: UInt8 = reader.integer(), let time: Int64 = reader.integer(),
      let id = reader.short()
    else { return nil }
    if tag == revisionTag {
      guard let user = reader.hash(), let revision: Int32 = reader.integer() else { return nil }
      return .revision(revision, conversion: id, userHash: user, time: time)
    }
    guard let kind = EventKind(rawValue: tag) else { return nil }
    var event = Event(kind: kind, time: time, eventID: id, userID: .empty)
    switch kind {
    case .impression, .click:
      guard let user = reader.hash(), let session = reader.short(),
        let number = reader.varint(), number <= UInt64(placements.count)
      else { return nil }
      if number == UInt64(placements.count) {
        guard let campaign = reader.short(), let channel = reader.short(), let ad = reader.short()
        else { return nil }
        placements.append((campaign, channel, ad))
      }
      event.sessionID = session
      (event.campaignID, event.channel, event.adID) = placements[Int(number)]
      return .event(event, userHash: user)
    case .conversion:
      guard let user = reader.short(), let value: Int64 = reader.integer() else { return nil }
      event.userID = user
      event.amount = value
      return .event(event, userHash: Hash128(user))
    case .cost:
      return .event(event, userHash: Hash128(high: 0, low: 0))
    }
  }
}
