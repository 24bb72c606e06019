// Safety: `numbers` is allocated and freed here, and indexed below `capacity`.

/// Which number a changelog record gives to each of a task's tuples: its names are written once per
/// record and referred to by number after that. O(1), by the task's number.
struct TupleNumbers: ~Copyable {
  /// The record's number plus one; 0 for a tuple that the record has not named.
  private var numbers: UnsafeMutablePointer<UInt32>
  private var capacity = 64
  private var count: UInt32 = 0

  init() {
    numbers = .allocate(capacity: capacity)
    numbers.initialize(repeating: 0, count: capacity)
  }

  deinit { numbers.deallocate() }

  var byteCount: Int { 4 * capacity }

  /// The record's number of a tuple, and whether that is new.
  @inline(__always)
  mutating func number(of tuple: UInt32) -> (UInt32, isNew: Bool) {
    if tuple >= capacity { grow(toHold: tuple) }
    let found = numbers[Int(tuple)]
    if found != 0 { return (found &- 1, false) }
    count &+= 1
    numbers[Int(tuple)] = count
    return (count &- 1, true)
  }

  /// For the next record. Linear in the task's tuples, but a mere clearing of memory.
  mutating func removeAll() {
    count = 0
    numbers.update(repeating: 0, count: capacity)
  }

  @inline(never)
  private mutating func grow(toHold tuple: UInt32) {
    let former = (numbers: numbers, count: capacity)
    capacity = max(Int(tuple) + 1, 2 * capacity)
    numbers = .allocate(capacity: capacity)
    numbers.update(from: former.numbers, count: former.count)
    (numbers + former.count).initialize(repeating: 0, count: capacity - former.count)
    former.numbers.deallocate()
  }
}
