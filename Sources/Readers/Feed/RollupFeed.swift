import Attribution
import Cluster
import Configuration
import Foundation
import Inputs
import Kafka
import Logging
import Reporting

/// Keeps a board at what the rollups topic holds.
public final class RollupFeed {
  public private(set) var board: RollupBoard
  /// Records that could not be read: of another version, or under other definitions.
  public private(set) var unreadable = 0

  private let follower: TopicFollower
  private let reader: RollupsRecordReader
  private let filter: WindowFilter?
  private let forms: PublishedForms
  private let logger: Logger
  /// When how many revisions had been applied, over the last seconds.
  private var samples: [(at: ContinuousClock.Instant, revisions: Int)] = []

  /// - Parameter windows: rollups whose windows start outside of it are passed over by their keys: neither decoded nor
  ///   kept. Nil takes all.
  public init(
    _ configuration: Configuration, logger: Logger, windows: Range<Milliseconds>? = nil
  ) throws {
    filter = windows.map { WindowFilter($0) }
    follower = try TopicFollower(configuration.topics.rollups, configuration, logger: logger)
    forms = try PublishedForms(configuration)
    reader = RollupsRecordReader(definitions: configuration.definitions)
    board = RollupBoard(
      configuration.definitions, partitionCount: follower.partitionCount)
    self.logger = logger
  }

  /// Whether everything that the topic held at the beginning has been read.
  public var isCaughtUp: Bool { follower.isCaughtUp }

  /// Takes what has arrived; does not block.
  ///
  /// - Parameter onRecord: told of every record that can be read, whether it changes the board or not.
  /// - Returns: whether there was anything.
  public func advance(
    onRecord: (RollupsRecord, Record) throws -> Void = { _, _ in }
  ) throws -> Bool {
    let count = try follower.read { record in
      guard let read = try read(record) else { return }
      board.apply(read)
      try onRecord(read, record)
    }
    return count > 0
  }

  /// Takes everything that the topic held at the beginning; throws when nothing comes for a minute.
  public func readToEnd() throws {
    var lastArrival = ContinuousClock.now
    while !isCaughtUp {
      if try advance() {
        lastArrival = .now
      } else if lastArrival.duration(to: .now) > .seconds(60) {
        throw OperatorError("reading the rollups stopped: the broker does not answer")
      } else {
        wait(milliseconds: 100)
      }
    }
  }

  /// Takes what the topic holds by now, as far as it comes without a pause.
  public func catchUp() throws {
    var quiet = 0
    while quiet < 3 {
      if try advance() {
        quiet = 0
      } else {
        quiet += 1
        wait(milliseconds: 100)
      }
    }
  }

  /// Blocks until there is something to take, somebody wakes it, or the time is over.
  public func wait(milliseconds: Int32) { follower.wait(milliseconds: milliseconds) }

  /// Ends a wait, from any thread.
  public var waker: @Sendable () -> Void { { [follower] in follower.wake() } }

  public func close() { follower.close() }

  /// Revisions per second over the last ten seconds; nil before the topic has been read to its end.
  public func revisionRate() -> Double? {
    guard isCaughtUp else { return nil }
    let now = ContinuousClock.now
    samples.append((now, board.revisionCount))
    if let recent = samples.firstIndex(where: { $0.at.duration(to: now) < .seconds(10) }) {
      samples.removeFirst(recent)
    }
    let seconds = samples[0].at.duration(to: now) / .seconds(1)
    return seconds > 0.5 ? Double(board.revisionCount - samples[0].revisions) / seconds : nil
  }

  private func read(_ record: Record) throws -> RollupsRecord? {
    if let filter, filter.isOutside(record.key) { return nil }
    do {
      return try forms.withJSON(orNothing: record.value) {
        try reader.read(key: record.key, value: $0)
      }
    } catch let error as SchemaUnavailable {
      throw error
    } catch {
      unreadable += 1
      if unreadable == 1 {
        logger.warning("a record of the rollups topic cannot be read: \(error)")
      }
      return nil
    }
  }
}
