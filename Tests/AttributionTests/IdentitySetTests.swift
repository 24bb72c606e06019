import Foundation
import Testing
import Traffic

@testable import Attribution

/// The set of remembered ids, against a dictionary that does the same slowly.
@Suite struct IdentitySetTests {
  /// An id as good as any hash of one.
  private func makeID(_ number: UInt64) -> Hash128 {
    var random = SeededRandom(seed: number)
    return Hash128(high: random.next(), low: random.next())
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func anIDIsNewOnceUntilItsBucketIsForgotten(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var set = IdentitySet()
    var buckets: [UInt64: UInt64] = [:]
    for step in 0..<200_000 as Range<UInt64> {
      let firstLive = step / 1_000
      if step % 1_000 == 0 {
        set.forget(before: firstLive)
        buckets = buckets.filter { $0.value >= firstLive }
        let count = set.count
        #expect(count == buckets.count)
      }
      // The load rises and falls.
      let number = UInt64(random.below(step % 100_000 < 50_000 ? 80_000 : 2_000))
      let bucket = firstLive + UInt64(random.below(30))
      let isNew = buckets[number] == nil
      if isNew { buckets[number] = bucket }
      let isInserted = set.insert(makeID(number), bucket: bucket)
      #expect(isInserted == isNew)
    }
  }

  @Test func idsMadeUpToCollideAreToldApartAndDoNotFillTheMemory() {
    var set = IdentitySet()
    for number in 0..<2_000 as Range<UInt64> { _ = set.insert(makeID(number), bucket: 1) }
    // Two lines have places for eight; these differ in the last bits that count.
    func alike(_ number: UInt64) -> Hash128 { Hash128(high: 0, low: number << TimeBuckets.bits) }
    for number in 0..<1_000 as Range<UInt64> {
      let (first, second) = (
        set.insert(alike(number), bucket: 1 + number % 2), set.insert(alike(number), bucket: 2)
      )
      #expect(first && !second)
    }
    #expect(set.byteCount < 250_000 && set.count == 3_000)
    // They are forgotten like others, and stay where they are when the table is built anew.
    set.forget(before: 2)
    for number in 0..<40_000 as Range<UInt64> {
      _ = set.insert(makeID(1 << 40 + number), bucket: 3)
    }
    for number in 0..<1_000 as Range<UInt64> {
      let isInserted = set.insert(alike(number), bucket: 3)
      #expect(isInserted == (number % 2 == 0))
    }
  }

  @Test func whatStandsBesideTheTableIsForgottenToo() {
    var set = IdentitySet()
    for bucket in 0..<2_000 as Range<UInt64> {
      set.forget(before: bucket)
      for number in 0..<50 as Range<UInt64> {
        _ = set.insert(
          Hash128(high: bucket << 32, low: number << TimeBuckets.bits), bucket: bucket)
      }
    }
    #expect(set.count == 50 && set.byteCount < 50_000)
  }

  @Test func anIDTakesAtMostThirtyTwoBytesWhileTheSetGrows() {
    var set = IdentitySet()
    var largest = 0.0
    for number in 0..<400_000 as Range<UInt64> {
      _ = set.insert(makeID(number), bucket: 7)
      if number > 10_000 { largest = max(largest, Double(set.byteCount) / Double(number + 1)) }
    }
    #expect(largest < 32)
  }

  @Test func asMuchForgottenAsRememberedNeedsNoMoreMemory() {
    var set = IdentitySet()
    for bucket in 0..<60 as Range<UInt64> { insertThousand(into: &set, bucket: bucket) }
    let before = set.byteCount
    for bucket in 60..<600 as Range<UInt64> {
      set.forget(before: bucket - 59)
      insertThousand(into: &set, bucket: bucket)
    }
    let (after, count) = (set.byteCount, set.count)
    #expect(after == before)
    #expect(count == 60_000)
  }

  @Test func memoryGoesBackWhenNearlyEverythingIsForgotten() {
    var set = IdentitySet()
    for bucket in 0..<100 as Range<UInt64> { insertThousand(into: &set, bucket: bucket) }
    set.forget(before: 99)
    let (byteCount, count) = (set.byteCount, set.count)
    #expect(byteCount < 40_000)
    #expect(count == 1_000)
    insertThousand(into: &set, bucket: 99)
    let countAfterwards = set.count
    #expect(countAfterwards == 1_000)
  }

  @Test func nothingIsLostWhileTheTableGrowsAndShrinksWhereItIs() {
    var set = IdentitySet()
    let size: UInt64 = 20_000
    func isKnown(_ number: UInt64) -> Bool { !set.insert(makeID(number), bucket: number / size) }
    let known = (0..<20 * size).count { isKnown($0) }
    #expect(known == 0)
    var former = Int.max
    // From many of the kernel's large pages to less than one.
    for firstLive in [0, 16, 19] as [UInt64] {
      set.forget(before: firstLive)
      let byteCount = set.byteCount
      #expect(byteCount < former / 2)
      former = byteCount
      let lost = (firstLive * size..<20 * size).count { !isKnown($0) }
      #expect(lost == 0)
    }
    #expect(former < 1 << 20)
    let rememberedAgain = (0..<19 * size).count { isKnown($0) }
    #expect(rememberedAgain == 0)
  }

  @Test(arguments: [4_000, 4_400, 5_000, 8_300] as [UInt64])
  func aTableThatShrinksHasRoomForAllThatIsLeft(kept: UInt64) {
    var table = CuckooTable<IDSlot>()
    let ids = (0..<100_000 as Range<UInt64>).map { makeID($0) }
    table.resize(to: 200_000) { $0.isFree(0) }
    for (number, id) in ids.enumerated() {
      table.freeSlot(in: table.lines(of: id.high)) { $0.isFree(0) }!.pointee =
        IDSlot(id, bucket: UInt64(number) < kept ? 1 : 0)
    }
    table.resize(to: Int(kept) * 37 / 20) { $0.isFree(1) }
    let (beside, left) = (table.overflowCount, table.count { $0.isFree(1) })
    #expect(beside == 0 && left == Int(kept))
  }

  @Test func aTableStaysOneMappingHoweverOftenItGrows() throws {
    // Kernels before 6.17 move no more than one at a time.
    var size = 1 << 20
    var memory = TableMemory.allocate(size)
    for step in 1..<12 {
      memory.storeBytes(of: UInt64(step), toByteOffset: size - 8, as: UInt64.self)
      let larger = size + step * 300_000
      memory = TableMemory.resize(memory, from: size, to: larger)
      #expect(memory.load(fromByteOffset: size - 8, as: UInt64.self) == UInt64(step))
      #expect(memory.load(fromByteOffset: larger - 8, as: UInt64.self) == 0)
      #expect(try isOneMapping(memory, larger))
      size = larger
    }
    TableMemory.deallocate(memory, size)
  }

  /// Whether so many bytes lie in one of the kernel's mappings.
  private func isOneMapping(_ memory: UnsafeMutableRawPointer, _ byteCount: Int) throws -> Bool {
    let maps = open("/proc/self/maps", O_RDONLY)
    defer { close(maps) }
    let start = UInt(bitPattern: memory)
    let end = start + UInt(byteCount)
    // From Linux 6.11 on the list can be asked (PROCMAP_QUERY). The question is its own size, flags and an
    // address; the answer begins with the mapping's start and end.
    var query = [UInt64](repeating: 0, count: 13)
    query[0] = UInt64(query.count * 8)
    query[2] = UInt64(start)
    if ioctl(maps, 0xC068_6611, &query) == 0 { return query[3] <= start && end <= query[4] }
    // Reading it takes several calls, and what other threads map meanwhile may hide a line.
    for _ in 0..<100 {
      let text = try String(contentsOfFile: "/proc/self/maps", encoding: .utf8)
      for line in text.split(separator: "\n") {
        let ends = line.prefix { $0 != " " }.split(separator: "-").compactMap {
          UInt($0, radix: 16)
        }
        if ends.count == 2, ends[0] <= start, end <= ends[1] { return true }
      }
    }
    return false
  }

  /// Ids that no other bucket has.
  private func insertThousand(into set: inout IdentitySet, bucket: UInt64) {
    for number in 0..<1_000 as Range<UInt64> {
      _ = set.insert(makeID(bucket * 1_000 + number), bucket: bucket)
    }
  }
}
