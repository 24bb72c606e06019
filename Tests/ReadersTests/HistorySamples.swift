import Attribution
import Codec
import Foundation
import Logging
import Reporting

@testable import Readers

/// Two models; a view by campaign in windows of five minutes, one by campaign and channel by hour, one by day.
let historyDefinitions: Definitions = {
  var definitions = Definitions()
  definitions.models = [.lastTouch, .linear]
  definitions.views = [
    View(name: "fine", dimensions: [.campaignID], periodMilliseconds: 300_000),
    View(name: "hourly", dimensions: [.campaignID, .channel], periodMilliseconds: 3_600_000),
    View(name: "daily", dimensions: [.channel], periodMilliseconds: 86_400_000),
  ]
  return definitions
}()

/// Rollups over many days as a topic of some partitions might hold them: most in the order of time, some restated days
/// later, some deleted, some beyond 64 bits.
struct RandomTopic {
  static let start = Time.parse("2026-01-01T00:00:00Z")!
  let partitionCount = 3
  private(set) var records: [HistoryKeeper.Positioned] = []
  private var random: SplitMix
  private var revisions: [RollupKey: Int64] = [:]
  private var offsets: [Int32: Int64] = [:]

  init(seed: UInt64, days: Int, rollupsPerDay: Int) {
    random = SplitMix(state: seed)
    for day in 0..<days {
      for step in 0..<rollupsPerDay {
        let now =
          Self.start + Milliseconds(day) * 86_400_000
          + Milliseconds(step) * 86_400_000 / Milliseconds(rollupsPerDay)
        publish(now)
        if step % 50 == 0 { progress(now) }
      }
    }
    progress(Self.start + Milliseconds(days) * 86_400_000 - 7_200_000)
  }

  private mutating func publish(_ now: Milliseconds) {
    // One in ten is about something that was long ago.
    let isOld = random.next() % 10 == 0
    let age = Milliseconds(random.next() % (isOld ? 20 * 86_400_000 : 3_600_000))
    let view = historyDefinitions.views[Int(random.next() % 3)]
    let names = view.dimensions.map { "\($0.rawValue) é-\(random.next() % 9)" }
    let key = RollupKey(
      view: view.name, dimensions: names,
      windowStart: view.windowStart(of: max(Self.start, now - age)))
    if isOld, revisions[key] != nil, random.next() % 8 == 0 {
      revisions[key] = nil
      return add(.deletion(key), of: key)
    }
    var sums = RollupSums(modelCount: 2)
    sums.clicks = Int64(random.next() % 1_000)
    sums.impressions = sums.clicks * 7
    sums.users = Int64(random.next() % 10)
    sums.spend =
      random.next() % 20 == 0
      ? MicrosSum(Int64(bitPattern: random.next())) * 1_000 : MicrosSum(random.next() % 1_000_000)
    sums.credits = [1_000_000, Int64(random.next() % 1_000_000)]
    sums.revenues = [MicrosSum(random.next() % 90_000_000), 5]
    let revision = revisions[key, default: 0] + 1
    revisions[key] = revision
    add(
      .rollup(
        Rollup(
          key: key, windowEnd: key.windowStart + view.periodMilliseconds, sums: sums,
          isFinal: key.windowStart + view.periodMilliseconds < now - 7_200_000, revision: revision,
          watermark: now - 600_000)), of: key)
  }

  private mutating func progress(_ now: Milliseconds) {
    for partition in 0..<Int32(partitionCount) {
      add(
        .progress(
          partition: partition, finalThrough: now - 7_200_000,
          lost: [
            LostRange(
              topic: "clicks", partition: partition, from: 1, to: 5, after: Self.start,
              before: Self.start + 86_400_000)
          ]), partition)
    }
  }

  private mutating func add(_ record: RollupsRecord, of key: RollupKey) {
    let hash = key.dimensions.joined().utf8.reduce(UInt64(key.windowStart / 300_000)) {
      $0 &* 31 &+ UInt64($1)
    }
    add(record, Int32(hash % UInt64(partitionCount)))
  }

  private mutating func add(_ record: RollupsRecord, _ partition: Int32) {
    let offset = offsets[partition, default: 0]
    offsets[partition] = offset + 1
    records.append(.init(record: record, partition: partition, offset: offset))
  }
}

/// Vigna's splitmix64 (https://prng.di.unimi.it/splitmix64.c).
struct SplitMix {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}

/// A history in a folder of its own, and the board that it belongs to.
final class HistoryFixture {
  let folder: URL
  var path: String { folder.appendingPathComponent("test.history").path }
  private(set) var live: LiveBoard
  private(set) var keeper: HistoryKeeper!
  private(set) var store: HistoryStore!
  private(set) var positions: [Int32: HistoryPosition] = [:]
  let limits: HistoryKeeper.Limits

  init(
    since: Milliseconds = 86_400_000, heldRollups: Int = 300, archivedRollups: Int = 1_000,
    commitInterval: Duration = .seconds(3_600)
  ) throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("history-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    limits = .init(
      since: since, commitInterval: commitInterval, heldRollups: heldRollups,
      archivedRollups: archivedRollups)
    live = LiveBoard(historyDefinitions, partitionCount: 3)
    try open()
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// As `serve` does at its start.
  func open(identity: String = "test", since: Milliseconds? = nil) throws {
    var limits = limits
    if let since { limits.since = since }
    let lock = try HistoryLock(path + ".lock")
    store = try HistoryStore(path, identity: identity, lock: lock)
    var board = RollupBoard(historyDefinitions, partitionCount: 3)
    positions = try store.positions()
    try store.restore(&board, since: limits.since)
    live.replace(with: board)
    keeper = HistoryKeeper(
      live, store, limits, positions: positions,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  /// Ends as `serve` does when it is asked to, or without a word.
  func close(isCrash: Bool = false) {
    if isCrash { store.close() } else { keeper.close() }
    keeper = nil
    store = nil
  }

  /// Takes what lies behind the positions, in batches of odd sizes.
  func take(_ records: [HistoryKeeper.Positioned]) throws {
    var rest = records.filter { $0.offset >= positions[$0.partition]?.offset ?? 0 }[...]
    while !rest.isEmpty {
      let batch = Array(rest.prefix(97))
      try keeper.take(batch, through: [:])
      for record in batch {
        positions[record.partition, default: HistoryPosition(offset: 0)].offset = record.offset + 1
      }
      rest = rest.dropFirst(batch.count)
    }
  }
}
