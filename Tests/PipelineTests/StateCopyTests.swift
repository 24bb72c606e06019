import Attribution
import Foundation
import TestKit
import Testing
import Traffic

@testable import Pipeline

/// A copy's files: what is read back of them, whatever has become of them.
@Suite struct StateCopyTests {
  /// What a copy held after a commit.
  private struct Held: Equatable {
    var records: [UInt64: [UInt8]] = [:]
    var serial: UInt64 = 0
  }

  private static let task = "keyed-3"
  private static let live = LiveBuckets()

  private static func store() -> MemoryCopyStore {
    let process = SimulatedProcess("test")
    return MemoryCopyStore(seed: 1) { process }
  }

  private static func open(
    _ store: any CopyStore, seed: UInt64 = 7, segmentLimit: Int = 400,
    giveUp: @escaping (any Error) -> Void = { _ in }
  ) throws -> StateCopy {
    try #require(
      try StateCopy(
        seed: seed, segmentLimit: segmentLimit, open: { try store.open(task) }, giveUp: giveUp))
  }

  private static func bytes(_ serial: UInt64) -> [UInt8] {
    (0..<20 + Int(serial % 5) * 30).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ Int(serial)) }
  }

  private static func append(_ serial: UInt64, _ copy: StateCopy, bucket: UInt64 = 1) {
    bytes(serial).withUnsafeBytes {
      copy.append(serial: serial, bucket: StateBucket(number: bucket), $0)
    }
  }

  private static func commit(_ copy: StateCopy, _ serial: UInt64, live: LiveBuckets = live) {
    copy.commit(
      Array("progress \(serial)".utf8), serial: serial, live: live, position: Int64(serial),
      time: 5)
  }

  /// Some commits of some records each, and what was held after each.
  private static func write(_ copy: StateCopy, commits: Int) -> [Held] {
    var held: [Held] = []
    var now = Held()
    for number in 0..<commits {
      for _ in 0..<number % 4 {
        append(now.serial, copy)
        now.records[now.serial] = bytes(now.serial)
        now.serial += 1
      }
      commit(copy, now.serial)
      held.append(now)
    }
    return held
  }

  /// What a copy says that it holds, and holds; nil where it is empty or of no use.
  private static func load(_ copy: StateCopy) -> Held? {
    guard let last = copy.last else { return nil }
    var held = Held(serial: last.serial)
    var serials: [UInt64] = []
    do {
      while try !copy.loadSegment({ serial, _, record in
        held.records[serial] = Array(record)
        serials.append(serial)
      }) {}
    } catch {
      return nil
    }
    #expect(serials == serials.sorted())
    #expect(last.progress == Array("progress \(last.serial)".utf8))
    #expect(last.position == Int64(last.serial))
    return held
  }

  @Test func itHoldsWhatItsLastCommitHad() throws {
    let store = Self.store()
    let copy = try Self.open(store)
    let held = Self.write(copy, commits: 40)
    // Of a transaction that comes to nothing.
    Self.append(1_000, copy)
    Self.append(1_001, copy)
    copy.release()
    #expect(store.fileSizes[Self.task]!.count > 5)
    var next = try Self.open(store)
    #expect(Self.load(next) == held.last)
    // It goes on where it was.
    Self.append(next.last!.serial, next)
    Self.commit(next, next.last!.serial + 1)
    next.release()
    next = try Self.open(store)
    #expect(Self.load(next)?.records.count == held.last!.records.count + 1)
  }

  @Test(arguments: [400, 100_000])
  func tornAnywhereItHoldsAnEarlierCommit(segmentLimit: Int) throws {
    let store = Self.store()
    let copy = try Self.open(store, segmentLimit: segmentLimit)
    let held = Self.write(copy, commits: 40)
    copy.release()
    let files = store.fileSizes[Self.task]!.keys.sorted()
    let last = try #require(files.last)
    let whole = try #require(store[Self.task, last])
    var found: Set<UInt64> = []
    for length in 0...whole.count {
      for tail in [[], [UInt8](repeating: 0, count: whole.count - length)] {
        store[Self.task, last] = Array(whole[..<length]) + tail
        // Removing what is behind the last commit must not hide an earlier one.
        let others = files.dropLast().map { ($0, store[Self.task, $0]) }
        let torn = try Self.open(store, segmentLimit: segmentLimit)
        if let now = Self.load(torn) {
          #expect(held.contains(now), "cut at \(length)")
          found.insert(now.serial)
        } else {
          // Before the end of the very first commit there is none.
          #expect(files.count == 1 && length < 100, "cut at \(length)")
        }
        torn.release()
        for (file, bytes) in others { store[Self.task, file] = bytes }
      }
    }
    #expect(found.count > 1)
  }

  @Test func everyDamagedByteIsNoticed() throws {
    let store = Self.store()
    let copy = try Self.open(store)
    let held = Self.write(copy, commits: 24)
    copy.release()
    let whole = store.fileSizes[Self.task]!.keys.sorted().map { ($0, store[Self.task, $0]!) }
    for (file, bytes) in whole {
      for index in bytes.indices {
        for (file, bytes) in whole { store[Self.task, file] = bytes }
        store[Self.task, file]![index] ^= 1 << UInt8(index % 8)
        let damaged = try Self.open(store)
        if let now = Self.load(damaged) {
          #expect(held.contains(now) && now != held.last, "\(file) at \(index)")
        }
        damaged.release()
      }
    }
  }

  @Test func filesThatAreLostOrOlderThanTheOthersAreNoticed() throws {
    let store = Self.store()
    let copy = try Self.open(store)
    var held = Self.write(copy, commits: 20)
    let former = store.fileSizes[Self.task]!.keys.sorted().map { ($0, store[Self.task, $0]!) }
    for number in 0..<20 {
      Self.append(held.last!.serial, copy)
      var next = held.last!
      next.records[next.serial] = Self.bytes(next.serial)
      next.serial += 1
      Self.commit(copy, next.serial)
      held.append(next)
      #expect(number >= 0)
    }
    copy.release()
    let whole = store.fileSizes[Self.task]!.keys.sorted().map { ($0, store[Self.task, $0]!) }
    #expect(whole.count > former.count)
    func check(_ what: String, _ change: () -> Void) throws {
      for file in store.fileSizes[Self.task]!.keys { store[Self.task, file] = nil }
      for (file, bytes) in whole { store[Self.task, file] = bytes }
      change()
      let changed = try Self.open(store)
      if let now = Self.load(changed) { #expect(held.contains(now), "\(what)") }
      changed.release()
    }
    for (file, _) in whole { try check("\(file) lost") { store[Self.task, file] = nil } }
    for (file, bytes) in former where bytes != whole.first(where: { $0.0 == file })!.1 {
      try check("\(file) older") { store[Self.task, file] = bytes }
    }
    // All of them, as from a backup: an earlier commit, whole.
    for file in store.fileSizes[Self.task]!.keys { store[Self.task, file] = nil }
    for (file, bytes) in former { store[Self.task, file] = bytes }
    #expect(Self.load(try Self.open(store)) == held[19])
  }

  @Test func anotherTasksFilesAreNotTaken() throws {
    let store = Self.store()
    let copy = try Self.open(store, seed: 7)
    _ = Self.write(copy, commits: 10)
    copy.release()
    let other = try Self.open(store, seed: 8)
    #expect(other.last == nil && other.isOpen)
    Self.append(0, other)
    Self.commit(other, 1)
    other.release()
    #expect(Self.load(try Self.open(store, seed: 8))?.records.count == 1)
  }

  @Test func whatIsForgottenLeavesTheDisk() throws {
    let store = Self.store()
    let copy = try Self.open(store, segmentLimit: 4_096)
    var serial: UInt64 = 0
    // Of one bucket in ten, everything is kept.
    for bucket in 1...400 as ClosedRange<UInt64> {
      for _ in 0..<5 {
        let kept = serial % 10 == 0
        Self.append(
          serial, copy,
          bucket: StateBucket(number: kept ? 1 << 38 : bucket).number)
        serial += 1
      }
      Self.commit(
        copy, serial, live: LiveBuckets(first: bucket > 20 ? bucket - 20 : 0))
    }
    var live = 0
    copy.release()
    let next = try Self.open(store, segmentLimit: 4_096)
    let held = try #require(Self.load(next))
    for bytes in held.records.values { live += bytes.count + CopyBlock.headerBytes }
    #expect(held.records.count >= 200 && held.records.count < 400)
    #expect(next.byteCount < 2 * live + 3 * 4_096, "\(next.byteCount) bytes for \(live)")
  }

  @Test func oneHolderAtATimeHasIt() throws {
    let store = Self.store()
    let copy = try Self.open(store)
    _ = Self.write(copy, commits: 5)
    #expect(try StateCopy(seed: 7, open: { try store.open(Self.task) }, giveUp: { _ in }) == nil)
    copy.release()
    #expect(copy.retake())
    copy.release()
    let other = try Self.open(store)
    #expect(!copy.retake())
    other.release()
    // Another has had it: what the first knows of it may be wrong.
    #expect(!copy.retake())
  }

  @Test func aFullDiskEndsTheCopyAndNothingElse() throws {
    let store = Self.store()
    var said: [String] = []
    let copy = try Self.open(store) { said.append("\($0)") }
    _ = Self.write(copy, commits: 5)
    store.faults.fail = 10_000
    Self.append(100, copy)
    Self.commit(copy, 101)
    #expect(!copy.isOpen && said.count == 1)
    Self.append(101, copy)
    Self.commit(copy, 102)
    #expect(said.count == 1)
    store.faults.fail = 0
    #expect(store.fileSizes[Self.task]!.isEmpty)
    #expect(try Self.open(store).last == nil)
  }

  @Test func aDiskKeepsItForItsOwnerAloneAndLocksIt() throws {
    let root = FileManager.default.temporaryDirectory
      .appendingPathComponent("tributary-copies-\(UUID().uuidString)/a/b").path
    defer { try? FileManager.default.removeItem(atPath: root) }
    let store = try DiskCopyStore(root)
    let copy = try Self.open(store)
    let held = Self.write(copy, commits: 40)
    #expect(try store.open(Self.task) == nil)
    #expect(try store.open("keyed-4") != nil)
    copy.release()
    let next = try Self.open(store)
    #expect(Self.load(next) == held.last)
    let folder = "\(root)/\(Self.task)"
    for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
      let attributes = try FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")
      #expect(attributes[.posixPermissions] as? Int == 0o600, "\(name)")
    }
    let attributes = try FileManager.default.attributesOfItem(atPath: folder)
    #expect(attributes[.posixPermissions] as? Int == 0o700)
    next.release()
    #expect(next.retake())
    next.release()

    // Of a task that has long been at home elsewhere.
    for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSinceNow: -8 * 86_400)],
        ofItemAtPath: "\(folder)/\(name)")
    }
    _ = try DiskCopyStore(root)
    #expect(try Self.open(store).last == nil)
  }

  @Test func aFolderThatCannotBeMadeIsToldAndDoneWithout() throws {
    #expect(throws: FileError.self) { try DiskCopyStore("/dev/null/copies") }
  }
}
