// Safety: `@unchecked Sendable` because one thread at a time uses a feed; only `wake` may be called from others, and the
// follower that it needs is behind a lock.

import Attribution
import Cluster
import Codec
import Configuration
import Glibc
import Inputs
import Kafka
import Logging
import Reporting
import SQLite
import Synchronization

/// The rollups topic on its way into a live board, and its history on disk.
final class BoardFeed: @unchecked Sendable {
  let live: LiveBoard
  /// Called for every record that cannot be read.
  var onUnreadable: (any Error) -> Void = { _ in }

  private let settings: Configuration
  private let history: ServeHistory?
  private let logger: Logger
  private let decoder: RollupsRecordReader
  private let forms: PublishedForms
  private let follower: Mutex<TopicFollower>
  private var keeper: HistoryKeeper?
  /// What the board's rollups of a partition are of.
  private var epochs: [Int32: String] = [:]

  /// - Parameter history: nil keeps everything in memory.
  init(_ settings: Configuration, history: ServeHistory?, logger: Logger) throws {
    self.settings = settings
    self.history = history
    self.logger = logger
    decoder = RollupsRecordReader(definitions: settings.definitions)
    forms = try PublishedForms(settings)
    let start = try Self.open(settings, history, logger)
    live = LiveBoard(settings.definitions, partitionCount: start.follower.partitionCount)
    follower = Mutex(start.follower)
    begin(start)
  }

  // MARK: Starting

  private struct Start {
    var follower: TopicFollower
    var board: RollupBoard
    var store: HistoryStore?
    var positions: [Int32: HistoryPosition] = [:]
  }

  private static func open(
    _ settings: Configuration, _ history: ServeHistory?, _ logger: Logger
  ) throws -> Start {
    if let history, let opened = try history.open(settings, logger: logger) {
      let follower = try TopicFollower(
        settings.topics.rollups, from: opened.positions.mapValues(\.offset), settings,
        logger: logger)
      return Start(
        follower: follower, board: opened.board, store: opened.store, positions: opened.positions)
    }
    let follower = try TopicFollower(settings.topics.rollups, settings, logger: logger)
    return Start(
      follower: follower,
      board: RollupBoard(settings.definitions, partitionCount: follower.partitionCount))
  }

  private func begin(_ start: Start) {
    live.replace(with: start.board)
    epochs = start.positions.compactMapValues(\.epoch)
    keeper = start.store.flatMap { store in
      history.map { history in
        HistoryKeeper(
          live, store, .init(since: history.since), positions: start.positions, logger: logger)
      }
    }
  }

  /// Reads the topic from its beginning, into an empty board and a new history.
  private func startAgain(_ reason: String) throws {
    logger.notice("\(reason): the rollups are read from the topic's beginning")
    let old = follower.withLock { $0 }
    old.close()
    try? keeper?.discard()
    keeper = nil
    live.replace(
      with: RollupBoard(settings.definitions, partitionCount: old.partitionCount))
    let start = try Self.open(settings, history, logger)
    follower.withLock { $0 = start.follower }
    begin(start)
  }

  // MARK: Reading

  /// Takes what has arrived; does not block for more. Returns how many records there were.
  ///
  /// Where the topic was started anew meanwhile, or the history cannot be read any more, it starts again from the
  /// topic's beginning.
  func advance() throws -> Int {
    do {
      try keeper?.check()
      return try read()
    } catch is TopicsStartedAnew {
      try startAgain("the topic was started anew")
    } catch ArchiveFailure.unreadable(let reason) {
      try startAgain("the history cannot be read (\(reason))")
    } catch let error as KafkaError {
      guard isAnew() else { throw error }
      try startAgain("the topic was started anew")
    }
    return 0
  }

  /// Whether the topic was deleted and made again under this reader, which is an error of its own kind. Waits some seconds
  /// for the new one.
  private func isAnew() -> Bool {
    for attempt in 0..<20 where !epochs.isEmpty {
      if attempt > 0 { usleep(500_000) }
      if (try? SinkStart(settings, logger: logger).isAnew(epochs)) == true { return true }
    }
    return false
  }

  private func read() throws -> Int {
    let follower = follower.withLock { $0 }
    var records: [HistoryKeeper.Positioned] = []
    let count = try follower.read { record in
      do {
        try note(epochOf: record)
        try forms.withJSON(orNothing: record.value) { value in
          records.append(
            .init(
              record: try decoder.read(key: record.key, value: value),
              partition: record.partition, offset: record.offset))
        }
      } catch let error as SchemaUnavailable {
        throw error
      } catch let error as TopicsStartedAnew {
        throw error
      } catch {
        onUnreadable(error)
      }
    }
    if let keeper {
      try keeper.take(records, through: follower.positions)
    } else {
      live.apply(records.lazy.map(\.record), holding: .init())
    }
    return count
  }

  private func note(epochOf record: Record) throws {
    guard let key = record.key, let value = record.value,
      let partition = ProgressCodec.decodeKey(key), let epoch = try forms.progress(value).epoch
    else { return }
    guard epochs[partition] ?? epoch == epoch else { throw TopicsStartedAnew() }
    epochs[partition] = epoch
    keeper?.note(epoch: epoch, of: partition)
  }

  var positions: [Int32: Int64] { follower.withLock { $0 }.positions }
  var knownEnds: [Int32: Int64] { follower.withLock { $0 }.knownEnds }
  var isCaughtUp: Bool { follower.withLock { $0 }.isCaughtUp }

  /// How the history on disk stands; nil where there is none.
  var historySize: (bytes: Int, isFailing: Bool)? {
    keeper.map { ($0.byteCount, $0.isFailing) }
  }

  func wait(milliseconds: Int32) { follower.withLock { $0 }.wait(milliseconds: milliseconds) }

  /// Ends a wait. Any thread.
  func wake() { follower.withLock { $0 }.wake() }

  /// Stops reading; what the history lacks is written first.
  func close() {
    keeper?.close()
    follower.withLock { $0 }.close()
  }
}
