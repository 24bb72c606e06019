import Attribution
import Codec
import Logging
import Reporting
import SQLite

/// Keeps a live board's old windows in a store: takes records, brings back archived windows that they change, and commits
/// now and then.
///
/// One thread uses a keeper.
final class HistoryKeeper {
  /// A record of the rollups topic and where it stood.
  struct Positioned {
    var record: RollupsRecord
    var partition: Int32
    var offset: Int64
  }

  /// How much is held in memory.
  struct Limits {
    /// Windows that are older than this behind the watermark go to the store.
    var since: Milliseconds
    var commitInterval = Duration.seconds(10)
    /// Rollups that may come into memory between two commits.
    var heldRollups = 500_000
    /// Rollups that one commit puts aside.
    var archivedRollups = 1_000_000
  }

  private let live: LiveBoard
  private let store: HistoryStore
  private let limits: Limits
  private let logger: Logger
  private var positions: [Int32: HistoryPosition]
  private var savedPositions: [Int32: HistoryPosition]
  private var heldAtCommit = 0
  private var lastCommit = ContinuousClock.now
  private(set) var isFailing = false
  /// What a commit found that cannot be read.
  private var damage: String?

  private static let chunk = 2_048

  /// - Parameter positions: behind the records that the board was made of.
  init(
    _ live: LiveBoard, _ store: HistoryStore, _ limits: Limits,
    positions: [Int32: HistoryPosition], logger: Logger
  ) {
    self.live = live
    self.store = store
    self.limits = limits
    self.positions = positions
    self.logger = logger
    savedPositions = positions
    heldAtCommit = live.read { $0.heldCount }
  }

  /// Throws why the history cannot be read, if a reader has found that.
  func check() throws {
    if let damage = damage ?? store.readers.damage { throw ArchiveFailure.unreadable(damage) }
  }

  func note(epoch: String, of partition: Int32) {
    positions[partition, default: HistoryPosition(offset: 0)].epoch = epoch
  }

  /// The epoch that the board's rollups of a partition are of.
  func epoch(of partition: Int32) -> String? { positions[partition]?.epoch }

  /// Applies records; commits if there are many.
  ///
  /// - Parameter through: behind the last of them, by partition, where that is known: control records have offsets too.
  func take(_ records: [Positioned], through: [Int32: Int64]) throws {
    var rest = records[...]
    while !rest.isEmpty {
      var count = min(Self.chunk, rest.count)
      let held = try live.read { board in
        var windows = board.archivedWindows(of: rest.prefix(count).lazy.map(\.record))
        while count > 1, board.rollupCount(of: windows) > limits.heldRollups {
          count /= 2
          windows = board.archivedWindows(of: rest.prefix(count).lazy.map(\.record))
        }
        return windows.isEmpty
          ? RollupBoard.HeldWindows() : try store.read { try board.read(windows, $0) }
      }
      live.apply(rest.prefix(count).lazy.map(\.record), holding: held)
      for record in rest.prefix(count) {
        positions[record.partition, default: HistoryPosition(offset: 0)].offset = record.offset + 1
      }
      rest = rest.dropFirst(count)
      if !isFailing, live.read({ $0.heldCount }) - heldAtCommit > limits.heldRollups {
        commit()
      }
    }
    for (partition, offset) in through where offset > positions[partition]?.offset ?? 0 {
      positions[partition, default: HistoryPosition(offset: 0)].offset = offset
    }
    if lastCommit.duration(to: .now) >= limits.commitInterval { commit() }
  }

  /// Writes what the store lacks. Where that fails it stays in memory, for the next time.
  func commit() {
    lastCommit = .now
    do {
      while let end = try write() {
        let isWhole = live.read { board in
          end >= WindowLevel.day.start(of: (board.watermark ?? .min / 2) - limits.since)
        }
        live.committed(before: end)
        savedPositions = positions
        heldAtCommit = live.read { $0.heldCount }
        if isFailing { logger.notice("the history in \(store.path) is written again") }
        isFailing = false
        if isWhole { return }
      }
    } catch ArchiveFailure.unreadable(let reason) {
      damage = reason
    } catch let error as SQLiteError where error.isAboutDamage {
      damage = error.description
    } catch {
      fail("\(error)")
    }
  }

  /// Returns up to where windows are archived now; nil if there was nothing to write.
  private func write() throws -> Milliseconds? {
    try live.read { board in
      let end =
        board.watermark.map {
          board.archivableBefore($0 - limits.since, limit: limits.archivedRollups)
        } ?? board.archivedBefore
      guard board.hasChanges || positions != savedPositions || end > board.archivedBefore else {
        return nil
      }
      try store.commit(board, before: end, positions)
      return end
    }
  }

  private func fail(_ reason: String) {
    if !isFailing {
      logger.warning(
        "the history cannot be written (\(reason)): what it lacks stays in memory, and is read again after a restart"
      )
    }
    isFailing = true
  }

  /// The size of the store's files.
  var byteCount: Int { store.byteCount }

  func close() {
    commit()
    store.close()
  }

  /// Closes the store and deletes it.
  func discard() throws {
    store.close()
    try HistoryStore.remove(store.path)
  }
}
