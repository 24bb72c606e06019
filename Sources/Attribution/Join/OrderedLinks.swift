// Safety: links are resolved by the arena that made them; those of dropped buckets are removed before anybody
// asks for them again.

/// The records of one kind of a busy user in journey order, oldest first: links in blocks of a few hundred.
///
/// Finding a place is O(log n), putting a record there O(block), at the end O(1): 8 to 16 bytes per record.
struct OrderedLinks {
  typealias Link = BucketArena.Link

  /// A place: before the element at `index` of `block`, or behind the last.
  struct Position: Equatable {
    var block: Int
    var index: Int
  }

  private static let blockSize = 256
  /// None is empty.
  private var blocks: [[Link]] = []
  private(set) var count = 0

  var isEmpty: Bool { blocks.isEmpty }
  var end: Position { Position(block: blocks.count, index: 0) }

  @inline(__always)
  private static func record(
    _ link: Link, _ arena: borrowing BucketArena
  ) -> RecordPointer {
    arena.resolve(link)!.assumingMemoryBound(to: RecordHead.self)
  }

  /// The record that stands at a position before the end.
  func record(at position: Position, _ arena: borrowing BucketArena) -> RecordPointer {
    OrderedLinks.record(blocks[position.block][position.index], arena)
  }

  // MARK: Finding

  /// The first record that `isBehind` is true of; it must be true of all that follow. O(log n).
  func position(
    _ arena: borrowing BucketArena, where isBehind: (RecordPointer) -> Bool
  ) -> Position {
    guard let newest = blocks.last?.last, isBehind(OrderedLinks.record(newest, arena)) else {
      return end
    }
    // The first block whose last record is behind.
    var low = 0
    var high = blocks.count - 1
    while low < high {
      let middle = (low + high) / 2
      if isBehind(OrderedLinks.record(blocks[middle].last!, arena)) {
        high = middle
      } else {
        low = middle + 1
      }
    }
    let block = low
    (low, high) = (0, blocks[block].count - 1)
    while low < high {
      let middle = (low + high) / 2
      if isBehind(OrderedLinks.record(blocks[block][middle], arena)) {
        high = middle
      } else {
        low = middle + 1
      }
    }
    return Position(block: block, index: low)
  }

  /// The position so many records further on; nil if there are not as many.
  func position(_ position: Position, movedBy distance: Int) -> Position? {
    var position = position
    var distance = distance
    while position.block < blocks.count {
      let rest = blocks[position.block].count - position.index
      if distance < rest {
        return Position(block: position.block, index: position.index + distance)
      }
      distance -= rest
      position = Position(block: position.block + 1, index: 0)
    }
    return nil
  }

  /// Visits records from `position` on, the oldest first, until `body` says no.
  func forEach(
    from position: Position, _ arena: borrowing BucketArena, _ body: (RecordPointer) -> Bool
  ) {
    var position = position
    while position.block < blocks.count {
      for index in position.index..<blocks[position.block].count {
        guard body(OrderedLinks.record(blocks[position.block][index], arena)) else { return }
      }
      position = Position(block: position.block + 1, index: 0)
    }
  }

  /// Visits the records before `position`, the newest first, until `body` says no.
  func forEachBackwards(
    from position: Position, _ arena: borrowing BucketArena, _ body: (RecordPointer) -> Bool
  ) {
    var block = position.block
    var index = position.index
    while true {
      while index == 0 {
        guard block > 0 else { return }
        block -= 1
        index = blocks[block].count
      }
      index -= 1
      guard body(OrderedLinks.record(blocks[block][index], arena)) else { return }
    }
  }

  // MARK: Changing

  /// Puts a record before the one at `position`. What other positions say is outdated.
  mutating func insert(_ link: Link, at position: Position) {
    count += 1
    var position = position
    if position.index == 0, position.block > 0 {
      // Behind the block before, unless that is full.
      position = Position(block: position.block - 1, index: blocks[position.block - 1].count)
    }
    guard position.block < blocks.count else { return blocks.append([link]) }
    if blocks[position.block].count == OrderedLinks.blockSize {
      if position.index == OrderedLinks.blockSize {
        return blocks.insert([link], at: position.block + 1)
      }
      let half = OrderedLinks.blockSize / 2
      blocks.insert(Array(blocks[position.block][half...]), at: position.block + 1)
      blocks[position.block].removeSubrange(half...)
      if position.index > half {
        position = Position(block: position.block + 1, index: position.index - half)
      }
    }
    blocks[position.block].insert(link, at: position.index)
  }

  /// Removes the record at `position`. What other positions say is outdated.
  mutating func remove(at position: Position) {
    count -= 1
    blocks[position.block].remove(at: position.index)
    if blocks[position.block].isEmpty { blocks.remove(at: position.block) }
  }

  /// The link that stands at a position before the end.
  func link(at position: Position) -> Link { blocks[position.block][position.index] }

  /// Removes what lies in dropped buckets: the oldest, since what was accepted later from before them was
  /// put into a bucket that lives. O(blocks dropped).
  mutating func removeDead(_ arena: borrowing BucketArena) {
    var gone = 0
    while gone < blocks.count, arena.resolve(blocks[gone].last!) == nil {
      count -= blocks[gone].count
      gone += 1
    }
    blocks.removeFirst(gone)
    guard !blocks.isEmpty else { return }
    var dead = 0
    while arena.resolve(blocks[0][dead]) == nil { dead += 1 }
    blocks[0].removeFirst(dead)
    count -= dead
  }
}
