// Safety: `slots` is allocated and freed here and indexed below `count`; a slot's address is handed out only
// until the next `room`.

/// Entries that found no place in a `CuckooTable` with room to spare.
///
/// Chance does not bring that about: more hashes are alike than two lines have places for. Whoever makes
/// up ids can do so on purpose, and must not make the table grow without end. Looked up by a dictionary, whose
/// own hashing nobody outside can foretell; only events with such a hash pay for it.
struct CuckooOverflow<Slot: CuckooSlot>: ~Copyable {
  private var slots = UnsafeMutablePointer<Slot>.allocate(capacity: 1)
  private var capacity = 1
  private(set) var count = 0
  /// Where the entries of a hash are.
  private var places: [UInt64: [Int]] = [:]

  deinit { slots.deallocate() }

  /// Bytes held, those of the dictionary estimated.
  var byteCount: Int { capacity * MemoryLayout<Slot>.stride + 96 * count }

  var all: UnsafeBufferPointer<Slot> { UnsafeBufferPointer(start: slots, count: count) }

  /// The slot with this hash that `predicate` is true of; nil if there is none.
  @inline(never)
  func slot(hash: UInt64, where predicate: (Slot) -> Bool) -> UnsafeMutablePointer<Slot>? {
    places[hash]?.first { predicate(slots[$0]) }.map { slots + $0 }
  }

  /// A slot for a new entry with this hash.
  mutating func room(for hash: UInt64, isFree: (Slot) -> Bool) -> UnsafeMutablePointer<Slot> {
    if let free = slot(hash: hash, where: isFree) { return free }
    if count == capacity { grow() }
    places[hash, default: []].append(count)
    count += 1
    return slots + (count - 1)
  }

  private mutating func grow() {
    let former = slots
    slots = .allocate(capacity: 2 * capacity)
    slots.update(from: former, count: count)
    capacity *= 2
    former.deallocate()
  }
}
