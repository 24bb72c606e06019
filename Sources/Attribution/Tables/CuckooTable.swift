// Safety: `slots` is allocated and freed here; every line begins at a multiple of four slots below
// `capacity`, and a slot's address is handed out only until the next `resize` or `roomBeside`.

import CIntrinsics

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// An entry of a `CuckooTable`: 16 bytes, all zero when never used.
protocol CuckooSlot: BitwiseCopyable {
  /// Decides in which two lines the entry may stand.
  var hash: UInt64 { get }
  /// Whether it was never used.
  var isBlank: Bool { get }
}

/// A hash table whose entries are in one of two cache lines each, so that any of them is found, or known
/// not to be there, in two fetches.
///
/// Cuckoo hashing with two choices and four entries to a line (Dietzfelbinger and Weidling, "Balanced
/// allocation and dictionaries with tightly packed constant size bins", 2007): a new entry takes a free
/// place in the line that has more of them; where both are full, an entry moves to its other line.
/// Since nothing is looked for beyond the two lines, a place is free for others as soon as its entry is
/// dead: no tombstones, and no rebuilding while as much dies as is born. The table does not know which
/// entries are dead; its owner does.
///
/// Both lines of an entry lie in the same page of 64 KiB, and pages are in the order of hashes: that is how
/// the table grows and shrinks where it is, from one end to the other. Insertion and lookup are O(1).
struct CuckooTable<Slot: CuckooSlot>: ~Copyable {
  typealias Line = UnsafeMutablePointer<Slot>

  /// The two lines in which an entry may stand, never the same.
  struct Lines {
    let first: Line
    let second: Line
  }

  private var slots: Line
  private var overflow = CuckooOverflow<Slot>()
  private var pageCount: UInt64
  private var linesPerPage: UInt64

  private static var slotsPerLine: Int { 4 }
  /// Lines of a page, in a table of many.
  private static var usualPage: Int { 1_024 }
  static var minimumCapacity: Int { 64 }

  init() {
    let capacity = CuckooTable.minimumCapacity
    (pageCount, linesPerPage) = (1, UInt64(capacity / CuckooTable.slotsPerLine))
    slots = TableMemory.allocate(capacity * MemoryLayout<Slot>.stride)
      .bindMemory(to: Slot.self, capacity: capacity)
  }

  deinit { TableMemory.deallocate(slots, slotBytes) }

  /// Slots, free or not.
  var capacity: Int { Int(pageCount) * slotsPerPage }
  private var slotsPerPage: Int { Int(linesPerPage) * CuckooTable.slotsPerLine }
  /// Bytes held.
  var byteCount: Int { slotBytes + overflow.byteCount }
  private var slotBytes: Int { capacity * MemoryLayout<Slot>.stride }
  /// Entries that stand beside the table, dead or not.
  var overflowCount: Int { overflow.count }

  // MARK: Looking

  @inline(__always)
  func lines(of hash: UInt64) -> Lines {
    let numbers = lineNumbers(of: hash)
    return Lines(first: line(numbers.first), second: line(numbers.second))
  }

  @inline(__always)
  private func lineNumbers(of hash: UInt64) -> (first: Int, second: Int) {
    let (page, rest) = hash.multipliedFullWidth(by: pageCount)
    let start = page &* linesPerPage
    let first = rest.multipliedFullWidth(by: linesPerPage).high
    let mixed = rest &* 0x9E37_79B9_7F4A_7C15
    var second = first &+ 1 &+ mixed.multipliedFullWidth(by: linesPerPage &- 1).high
    if second >= linesPerPage { second &-= linesPerPage }
    return (Int(truncatingIfNeeded: start &+ first), Int(truncatingIfNeeded: start &+ second))
  }

  /// Has the lines fetched in which an entry may stand.
  @inline(__always)
  func prefetch(_ hash: UInt64) {
    let lines = lines(of: hash)
    CIntrinsics.prefetch(lines.first)
    CIntrinsics.prefetch(lines.second)
  }

  /// The slot with this hash that `predicate` is true of; nil if there is none.
  @inline(__always)
  func slot(
    in lines: Lines, hash: UInt64, where predicate: (Slot) -> Bool
  ) -> UnsafeMutablePointer<Slot>? {
    let first = CuckooTable.mask(lines.first) { $0.hash == hash }
    let second = CuckooTable.mask(lines.second) { $0.hash == hash }
    var candidates = first | second << UInt32(CuckooTable.slotsPerLine)
    while candidates != 0 {
      let index = candidates.trailingZeroBitCount
      let line = index < CuckooTable.slotsPerLine ? lines.first : lines.second
      let slot = line + index % CuckooTable.slotsPerLine
      if predicate(slot.pointee) { return slot }
      candidates &= candidates &- 1
    }
    return overflow.count == 0 ? nil : overflow.slot(hash: hash, where: predicate)
  }

  /// A slot for a new entry; nil if there is none in its two lines.
  @inline(__always)
  func freeSlot(in lines: Lines, isFree: (Slot) -> Bool) -> UnsafeMutablePointer<Slot>? {
    let first = CuckooTable.mask(lines.first, isFree)
    let second = CuckooTable.mask(lines.second, isFree)
    if first | second == 0 { return makeRoom(in: lines, isFree: isFree) }
    return first.nonzeroBitCount >= second.nonzeroBitCount
      ? lines.first + first.trailingZeroBitCount : lines.second + second.trailingZeroBitCount
  }

  /// A bit for each slot of a line that `predicate` is true of.
  @inline(__always)
  private static func mask(_ line: Line, _ predicate: (Slot) -> Bool) -> UInt32 {
    var mask: UInt32 = 0
    for index in 0..<slotsPerLine {
      // No branch: nobody could foretell it.
      mask |= (predicate(line[index]) ? 1 : 0) << UInt32(truncatingIfNeeded: index)
    }
    return mask
  }

  @inline(__always)
  private func line(_ number: Int) -> Line { slots + number &* CuckooTable.slotsPerLine }

  // MARK: Making room

  /// Frees a slot in one of two full lines by moving one or two entries to their other lines.
  @inline(never)
  private func makeRoom(
    in lines: Lines, isFree: (Slot) -> Bool
  ) -> UnsafeMutablePointer<Slot>? {
    prefetchOtherLines(lines.first)
    prefetchOtherLines(lines.second)
    if let slot = moveOne(outOf: lines.first, isFree: isFree) { return slot }
    if let slot = moveOne(outOf: lines.second, isFree: isFree) { return slot }
    return moveTwo(outOf: lines.first, isFree: isFree)
      ?? moveTwo(outOf: lines.second, isFree: isFree)
  }

  /// Moves an entry of a full line to its other line, and one of that to its own other; returns where
  /// the first was.
  private func moveTwo(
    outOf line: Line, isFree: (Slot) -> Bool
  ) -> UnsafeMutablePointer<Slot>? {
    for slot in line..<line + CuckooTable.slotsPerLine {
      // The line is full, so nothing moves into it meanwhile.
      guard let room = moveOne(outOf: otherLine(of: slot.pointee, than: line), isFree: isFree)
      else { continue }
      room.pointee = slot.pointee
      return slot
    }
    return nil
  }

  /// Has the lines fetched that the entries of a line could move to.
  private func prefetchOtherLines(_ line: Line) {
    for slot in line..<line + CuckooTable.slotsPerLine {
      CIntrinsics.prefetch(otherLine(of: slot.pointee, than: line))
    }
  }

  /// Moves an entry of a full line to its other line; returns where it was.
  private func moveOne(
    outOf line: Line, isFree: (Slot) -> Bool
  ) -> UnsafeMutablePointer<Slot>? {
    for slot in line..<line + CuckooTable.slotsPerLine {
      let other = otherLine(of: slot.pointee, than: line)
      let free = CuckooTable.mask(other, isFree)
      guard free != 0 else { continue }
      other[free.trailingZeroBitCount] = slot.pointee
      return slot
    }
    return nil
  }

  private func otherLine(of slot: Slot, than line: Line) -> Line {
    let lines = lines(of: slot.hash)
    return lines.first == line ? lines.second : lines.first
  }

  // MARK: All entries

  /// How many entries are not free. O(capacity).
  func count(isFree: (Slot) -> Bool) -> Int {
    var count = 0
    for slot in UnsafeBufferPointer(start: slots, count: capacity) where !isFree(slot) {
      count += 1
    }
    for slot in overflow.all where !isFree(slot) { count += 1 }
    return count
  }

  /// A slot for a new entry that has none in its lines, though there is room in the table: growing would
  /// not help.
  mutating func roomBeside(_ hash: UInt64, isFree: (Slot) -> Bool) -> UnsafeMutablePointer<Slot> {
    overflow.room(for: hash, isFree: isFree)
  }

  /// Gives the table `capacity` slots, or a few more or fewer, and forgets the entries that are free.
  ///
  /// In its own memory, page by page. An entry's page is its hash's share of all pages, and so a larger
  /// table has it in the same place or further on: from the last page to the first, whatever a page's
  /// entries go to has been left before. In a smaller table it is the other way round.
  mutating func resize(to capacity: Int, isFree: (Slot) -> Bool) {
    let former = (pages: Int(pageCount), page: slotsPerPage, bytes: slotBytes)
    var rest = Array(overflow.all)
    overflow = CuckooOverflow()
    (pageCount, linesPerPage) = pages(for: capacity)
    let grows = slotBytes > former.bytes
    if grows { slots = slots.resized(from: former.bytes, to: slotBytes) }
    let page = UnsafeMutableBufferPointer<Slot>.allocate(capacity: former.page)
    let filled = UnsafeMutableBufferPointer<UInt8>.allocate(
      capacity: self.capacity / CuckooTable.slotsPerLine)
    filled.initialize(repeating: 0)
    defer {
      page.deallocate()
      filled.deallocate()
    }
    for number in 0..<former.pages {
      let place = slots + former.page * (grows ? former.pages - 1 - number : number)
      page.baseAddress!.update(from: place, count: former.page)
      memset(place, 0, former.page * MemoryLayout<Slot>.stride)
      for slot in page where !slot.isBlank && !isFree(slot) {
        if !enter(slot, filled.baseAddress!) { rest.append(slot) }
      }
    }
    for slot in rest where !isFree(slot) {
      let free = freeSlot(in: lines(of: slot.hash), isFree: { $0.isBlank })
      (free ?? roomBeside(slot.hash, isFree: { $0.isBlank })).pointee = slot
    }
    if !grows { slots = slots.resized(from: former.bytes, to: slotBytes) }
  }

  /// Enters a slot into the line of its two that has more room; false if there is none in either.
  ///
  /// - Parameter filled: slots of each line that are taken, those before the others.
  @inline(__always)
  private func enter(_ slot: Slot, _ filled: UnsafeMutablePointer<UInt8>) -> Bool {
    let (first, second) = lineNumbers(of: slot.hash)
    // No branch: nobody could foretell it.
    let isSecond = filled[second] < filled[first] ? 1 : 0
    let number = first ^ (first ^ second) & -isSecond
    let count = Int(filled[number])
    guard count < CuckooTable.slotsPerLine else { return false }
    line(number)[count] = slot
    filled[number] &+= 1
    return true
  }

  /// The pages for about so many slots, and the lines of each: one page of as many as it takes, or
  /// several of the same size. A table that grows has a page more at least, one that shrinks has all the
  /// slots that are wanted.
  private func pages(for capacity: Int) -> (count: UInt64, lines: UInt64) {
    let lines = max(CuckooTable.minimumCapacity, capacity) / CuckooTable.slotsPerLine
    guard lines > CuckooTable.usualPage else { return (1, UInt64(lines)) }
    let size = CuckooTable.usualPage
    let count =
      capacity > self.capacity
      ? max(Int(pageCount) + 1, lines / size) : (lines + size - 1) / size
    return (UInt64(count), UInt64(size))
  }
}

extension UnsafeMutablePointer where Pointee: CuckooSlot {
  /// The same slots in a table's memory of another size; behind them it is zeroed.
  fileprivate func resized(from byteCount: Int, to newByteCount: Int) -> Self {
    TableMemory.resize(UnsafeMutableRawPointer(self), from: byteCount, to: newByteCount)
      .bindMemory(to: Pointee.self, capacity: newByteCount / MemoryLayout<Pointee>.stride)
  }
}
