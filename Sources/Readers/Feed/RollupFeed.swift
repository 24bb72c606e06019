import Attribution
import Cluster
import Codec
import Configuration
import Logging
import Reporting

/// Keeps a board at what the rollups topic holds of some windows. Others are passed over by their keys: neither decoded
/// nor kept.
public final class RollupFeed {
  /// What is kept on the board.
  public enum Selection {
    /// Windows of all views that start within a range.
    case windows(Range<Milliseconds>)
    /// The newest windows of a view, up to the newest that holds a rollup.
    case newest(Int, View)
  }

  public private(set) var board: RollupBoard

  private let stream: RollupStream
  private let selection: Selection
  private var filter: WindowFilter?
  /// Windows that start before this are not kept.
  private var first = Milliseconds.min
  /// When how many rollups had been published, over the last seconds.
  private var samples: [(at: ContinuousClock.Instant, count: Int)] = []

  public init(_ configuration: Configuration, keeping selection: Selection, logger: Logger) throws {
    var configuration = configuration
    self.selection = selection
    switch selection {
    case .windows(let range): filter = WindowFilter(range)
    case .newest(let count, let view):
      configuration.definitions.views = [view]
      let newest = try NewestWindow.near(endOf: view, configuration, logger: logger)
      if let newest { first = newest - Milliseconds(count - 1) * view.periodMilliseconds }
    }
    stream = try RollupStream(configuration, logger: logger)
    board = RollupBoard(configuration.definitions, partitionCount: stream.partitionCount)
    if first > .min { filter = WindowFilter(first..<Time.latest) }
  }

  /// Records that could not be read: of another version, or under other definitions.
  public var unreadable: Int { stream.unreadable }

  /// Whether everything that the topic held at the beginning has been read.
  public var isCaughtUp: Bool { stream.isCaughtUp }

  /// Takes what has arrived; does not block.
  ///
  /// - Returns: whether there was anything.
  public func advance() throws -> Bool {
    let filter = filter
    func isUnwanted(_ key: UnsafeRawBufferPointer) -> Bool { filter?.isOutside(key) ?? false }
    let hasNews = try stream.advance(passing: isUnwanted) { record, _ in board.apply(record) }
    if case .newest(let count, let view) = selection { try keep(count, of: view) }
    return hasNews
  }

  /// Forgets what is not among the newest windows any more.
  private func keep(_ count: Int, of view: View) throws {
    let start = board.lastWindows(count, of: view.name)?.lowerBound
    if let start, start > first {
      first = start
      filter = WindowFilter(first..<Time.latest)
      board.forget(before: first)
    } else if isCaughtUp, start ?? .min < first {
      // The newest window's rollups were deleted: older ones are asked for again.
      first = .min
      filter = nil
      board = RollupBoard(board)
      try stream.startAgain()
    }
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
  public func wait(milliseconds: Int32) { stream.wait(milliseconds: milliseconds) }

  /// Ends a wait, from any thread.
  public var waker: @Sendable () -> Void { stream.waker }

  public func close() { stream.close() }

  /// Rollups published per second, of whatever window, over the last ten seconds; nil before the topic has been read to
  /// its end.
  public func publicationRate() -> Double? {
    guard isCaughtUp else { return nil }
    let now = ContinuousClock.now
    samples.append((now, stream.publicationCount))
    if let recent = samples.firstIndex(where: { $0.at.duration(to: now) < .seconds(10) }) {
      samples.removeFirst(recent)
    }
    let seconds = samples[0].at.duration(to: now) / .seconds(1)
    return seconds > 0.5 ? Double(stream.publicationCount - samples[0].count) / seconds : nil
  }
}
