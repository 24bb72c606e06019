// Safety: `memory` is allocated and freed here; before an entry is written there is room for the
// largest, and its parts are written one after the other by `ByteWriter`.

import Attribution

/// Builds one changelog record: entries of one event-time bucket behind a version byte.
///
/// An entry is a tag, its time since the entry before, its id, and what its kind needs. A touch's
/// names are written once per record and referred to by number after that.
final class ChangelogChunk {
  /// Of the format, `Hash128` included.
  static let version: UInt8 = 2

  static let revisionTag: UInt8 = 4
  static let sessionFlag: UInt8 = 8

  /// More than any entry takes: five texts of up to 255 bytes, and numbers.
  private static let largestEntry = 2_048

  private var memory: UnsafeMutableRawPointer
  private var capacity = 16_384
  private(set) var count = 1
  private var lastTime: Milliseconds = 0
  /// The record's number of each placement, by the task's; of another record if `stamp` differs.
  private var numbers: [(stamp: UInt32, number: UInt32)] = []
  private var stamp: UInt32 = 1
  private var placementCount: UInt32 = 0

  init() {
    memory = .allocate(byteCount: capacity, alignment: 16)
    memory.storeBytes(of: ChangelogChunk.version, as: UInt8.self)
  }

  deinit { memory.deallocate() }

  var isEmpty: Bool { count == 1 }

  /// The record's value so far, valid until the next change.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: memory, count: count) }

  /// Remembers an accepted event, whose ids are hashed already.
  func append(
    _ event: UnsafePointer<Event>, _ identity: EventIdentity, _ accepted: AcceptedEvent
  ) {
    let kind = event.pointee.kind
    let time = event.pointee.time
    let session = kind.isTouch ? accepted.session : nil
    let tag = kind.rawValue | (session == nil ? 0 : ChangelogChunk.sessionFlag)
    var writer = writer()
    writer.begin(tag, time &- lastTime, event.pointee.eventID)
    switch kind {
    case .impression, .click:
      writer.put(user: identity.user)
      if let session { writer.put(session) }
      let (number, isNew) = number(of: accepted.placement)
      writer.put(varint: UInt64(number))
      if isNew {
        writer.put(short: event.pointee.campaignID)
        writer.put(short: event.pointee.channel)
        writer.put(short: event.pointee.adID)
      }
    case .conversion:
      writer.put(short: event.pointee.userID)
      writer.put(varint: UInt64(bitPattern: event.pointee.amount))
    case .cost:
      break
    }
    close(writer, time)
  }

  /// Remembers that a conversion's attribution was published again.
  func append(revisionOf conversion: CreditedConversion) {
    var writer = writer()
    writer.begin(
      ChangelogChunk.revisionTag, conversion.time &- lastTime, conversion.conversionID)
    writer.put(user: Hash128(conversion.userID))
    writer.put(varint: UInt64(conversion.revision))
    close(writer, conversion.time)
  }

  /// The record's number of a placement, and whether that is new.
  private func number(of placement: UInt32) -> (UInt32, isNew: Bool) {
    let index = Int(placement)
    if index >= numbers.count {
      numbers += Array(repeating: (0, 0), count: index + 1 - numbers.count)
    }
    if numbers[index].stamp == stamp { return (numbers[index].number, false) }
    numbers[index] = (stamp, placementCount)
    placementCount += 1
    return (placementCount - 1, true)
  }

  /// Empties the chunk for the next record, keeping its memory.
  func removeAll() {
    count = 1
    lastTime = 0
    placementCount = 0
    stamp += 1
  }

  // MARK: Memory

  private func writer() -> ByteWriter {
    if capacity - count < ChangelogChunk.largestEntry { grow() }
    return ByteWriter(memory + count)
  }

  private func close(_ writer: ByteWriter, _ time: Milliseconds) {
    count = writer.cursor - memory
    lastTime = time
  }

  private func grow() {
    let former = memory
    capacity *= 2
    memory = .allocate(byteCount: capacity, alignment: 16)
    memory.copyMemory(from: former, byteCount: count)
    former.deallocate()
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

  fileprivate mutating func put(_ session: SessionHash) {
    put(integer: UInt32(truncatingIfNeeded: session.bits))
    put(integer: UInt16(truncatingIfNeeded: session.bits >> 32))
  }
}
