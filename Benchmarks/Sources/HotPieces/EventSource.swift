// Safety: the texts that events lend are memory of this class, freed with it; an event is used before
// the next one is made.

import Attribution

/// Makes one event after the other in the same memory.
final class EventSource {
  /// The event that `next` has made.
  let event: UnsafeMutablePointer<Event>

  private let text = UnsafeMutablePointer<UInt8>.allocate(capacity: 64)
  private var number: UInt64 = 0

  static let start: Milliseconds = 1_767_571_200_000

  init() {
    text.initialize(repeating: UInt8(ascii: "0"), count: 64)
    event = .allocate(capacity: 1)
    event.initialize(
      to: Event(
        kind: .click, time: EventSource.start, amount: 350_000,
        eventID: BorrowedBytes(start: text, count: 14),
        userID: BorrowedBytes(start: text + 16, count: 10),
        campaignID: BorrowedBytes(start: text + 32, count: 6),
        channel: BorrowedBytes(start: text + 40, count: 6),
        adID: BorrowedBytes(start: text + 48, count: 4),
        sessionID: BorrowedBytes(start: text + 56, count: 6)))
  }

  deinit {
    event.deallocate()
    text.deallocate()
  }

  /// Makes an event whose id no other has.
  func next(_ kind: EventKind, user: UInt64, campaign: UInt64, time: Milliseconds) {
    number += 1
    write(number, 14, at: 0)
    write(user, 10, at: 16)
    write(campaign, 6, at: 32)
    event.pointee.kind = kind
    event.pointee.time = time
  }

  /// Letters from `a` to `p`, sixteen to a digit.
  private func write(_ value: UInt64, _ count: Int, at offset: Int) {
    var rest = value
    for position in 0..<count {
      text[offset + position] = UInt8(ascii: "a") + UInt8(truncatingIfNeeded: rest & 15)
      rest >>= 4
    }
  }
}
