import Attribution
import Codec

// Safety: `rows` is allocated and freed here; rows up to `count` are initialised, and what is lent is
// used before the next change.

/// A decoded record, or why it cannot be used.
struct InputRow {
  /// First, so that a row's address is its event's.
  var event: Event
  /// Of an event that can be used.
  var identity: EventIdentity
  var offset: Int64
  /// Event time; a record that cannot be used comes before all others.
  var time: Milliseconds
  var rejection: Rejection?
  /// Whether it is nobody's.
  var isFiltered = false
  /// Whether it lies in another partition than its user belongs to.
  var isMisplaced = false

  static func blank(_ kind: EventKind) -> InputRow {
    InputRow(
      event: Event(kind: kind, time: 0, eventID: .empty, userID: .empty),
      identity: EventIdentity(event: Hash128(high: 0, low: 0), user: Hash128(high: 0, low: 0)),
      offset: 0, time: .min)
  }
}

/// The rows of one batch, read in order and in place: they are too large to be copied for each event.
struct RowBuffer: ~Copyable {
  private var rows: UnsafeMutablePointer<InputRow>
  private var capacity = 0
  private(set) var count = 0
  /// The first row that has not been taken.
  private(set) var next = 0

  init() { rows = .allocate(capacity: 0) }

  deinit { rows.deallocate() }

  /// Begins a batch of at most `most` rows.
  mutating func removeAll(reserving most: Int) {
    count = 0
    next = 0
    guard most > capacity else { return }
    rows.deallocate()
    rows = .allocate(capacity: most)
    capacity = most
  }

  /// Adds a blank row, to be filled before the next call.
  @inline(__always)
  mutating func add(_ kind: EventKind) -> UnsafeMutablePointer<InputRow> {
    precondition(count < capacity, "no more rows than were reserved")
    let row = rows + count
    row.initialize(to: .blank(kind))
    count += 1
    return row
  }

  /// Rows that have not been taken.
  var waiting: UnsafeBufferPointer<InputRow> {
    UnsafeBufferPointer(start: rows + next, count: count - next)
  }

  mutating func take(_ taken: Int) { next += taken }
}

extension UnsafePointer where Pointee == InputRow {
  /// The row's event, where it is.
  @inline(__always)
  var event: UnsafePointer<Event> {
    UnsafeRawPointer(self).assumingMemoryBound(to: Event.self)
  }
}
