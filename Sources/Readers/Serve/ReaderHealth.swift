import Attribution
import Codec
import Dashboard
import Reporting
import Service
import Synchronization

/// How the reader of the rollups topic stands.
final class ReaderHealth: HealthSource {
  private struct State {
    var positions: [Int32: Int64] = [:]
    var ends: [Int32: Int64] = [:]
    var moved: [Int32: Milliseconds] = [:]
    /// Since when a partition has had records waiting without moving.
    var waiting: [Int32: Milliseconds] = [:]
    var isCaughtUp = false
    var unreadable = 0
    var history: (bytes: Int, isFailing: Bool)?
    var now: Milliseconds = 0
    /// The board whose conversions were counted last, and when.
    var counted: (generation: UInt64, time: ContinuousClock.Instant)?
  }

  /// A partition that is behind and has not moved for so long is stuck.
  private static let timeout: Milliseconds = 60_000
  /// Conversions are summed over all rollups, so at most this often.
  private static let countingInterval = Duration.seconds(10)

  private let live: LiveBoard
  private let hub: EventHub
  private let topic: String
  private let state = Mutex(State())

  init(_ live: LiveBoard, _ hub: EventHub, topic: String, _ metrics: Metrics) {
    self.live = live
    self.hub = hub
    self.topic = topic
    for (name, kind, help) in [
      ("tributary_rollups", Metrics.Kind.gauge, "Rollups held in memory."),
      ("tributary_history_rollups", .gauge, "Rollups that lie in the history on disk only."),
      ("tributary_history_bytes", .gauge, "Size of the history on disk."),
      (
        "tributary_history_failing", .gauge,
        "1 while the history on disk cannot be written, else 0."
      ),
      ("tributary_rollup_revisions_total", .counter, "Revisions of rollups that were read."),
      ("tributary_rollup_corrections_total", .counter, "Rollups corrected after they were final."),
      ("tributary_reader_lag_records", .gauge, "Records behind the end of the log, by partition."),
      ("tributary_unreadable_records_total", .counter, "Records that could not be read."),
      ("tributary_watermark_lag_seconds", .gauge, "Wall clock less the watermark."),
      ("tributary_final_lag_seconds", .gauge, "Wall clock less what is final."),
      ("tributary_event_streams", .gauge, "Pages that listen for news."),
      (
        "tributary_conversions", .gauge,
        "Conversions held, by model and whether a touch earned them."
      ),
    ] { metrics.define(name, kind, help: help) }
    ProcessMetrics.define(metrics)
  }

  func note(
    positions: [Int32: Int64], ends: [Int32: Int64], isCaughtUp: Bool, now: Milliseconds
  ) {
    state.withLock { state in
      for (partition, position) in positions {
        let hasMoved = state.positions[partition] != position
        if hasMoved { state.moved[partition] = now }
        if hasMoved || position >= ends[partition] ?? 0 {
          state.waiting[partition] = nil
        } else if state.waiting[partition] == nil {
          state.waiting[partition] = now
        }
      }
      state.positions = positions
      state.ends = ends
      state.isCaughtUp = isCaughtUp
      state.now = now
    }
  }

  /// - Parameter history: nil where there is none.
  func note(history: (bytes: Int, isFailing: Bool)?) {
    state.withLock { $0.history = history }
  }

  /// Returns how many there have been.
  func noteUnreadable() -> Int {
    state.withLock { state in
      state.unreadable += 1
      return state.unreadable
    }
  }

  var health: Health {
    let state = state.withLock { $0 }
    var obstacles = state.isCaughtUp ? [] : ["the rollups topic is still being read"]
    let partitions = state.positions.sorted { $0.key < $1.key }.map { partition, position in
      let lag = state.ends[partition].map { max(0, $0 - position) }
      if let since = state.waiting[partition], state.now - since > Self.timeout {
        obstacles.append(
          "\(topic) [\(partition)] is stuck at offset \(position) for \((state.now - since) / 1_000) s, "
            + "\(lag ?? 0) records behind")
      }
      return Health.Partition(
        topic: topic, partition: partition, position: position, lag: lag,
        lastCommit: state.moved[partition])
    }
    return Health(obstacles: obstacles, partitions: partitions)
  }

  func refresh(_ metrics: Metrics) {
    ProcessMetrics.refresh(metrics)
    let state = state.withLock { $0 }
    for (partition, position) in state.positions {
      let lag = state.ends[partition].map { Double(max(0, $0 - position)) }
      metrics.set("tributary_reader_lag_records", ["partition": "\(partition)"], to: lag)
    }
    metrics.set("tributary_unreadable_records_total", to: Double(state.unreadable))
    metrics.set("tributary_event_streams", to: Double(hub.listenerCount))
    let picture = live.picture
    let board = picture.board
    metrics.set("tributary_rollups", to: Double(board.heldCount))
    metrics.set("tributary_history_rollups", to: Double(board.count - board.heldCount))
    metrics.set("tributary_history_bytes", to: state.history.map { Double($0.bytes) })
    metrics.set("tributary_history_failing", to: state.history.map { $0.isFailing ? 1 : 0 })
    metrics.set("tributary_rollup_revisions_total", to: Double(board.revisionCount))
    metrics.set("tributary_rollup_corrections_total", to: Double(board.correctionCount))
    metrics.set(
      "tributary_watermark_lag_seconds",
      to: board.watermark.map { Double(state.now - $0) / 1_000 })
    metrics.set(
      "tributary_final_lag_seconds",
      to: board.finalThrough.map { Double(state.now - $0) / 1_000 })
    if isDue(picture.generation) { setConversions(board, metrics) }
  }

  /// Whether conversions are to be counted again; notes that they are.
  private func isDue(_ generation: UInt64) -> Bool {
    let now = ContinuousClock.now
    return state.withLock { state in
      if let counted = state.counted,
        counted.generation == generation || counted.time + Self.countingInterval > now
      {
        return false
      }
      state.counted = (generation, now)
      return true
    }
  }

  private func setConversions(_ board: RollupBoard, _ metrics: Metrics) {
    let candidates = board.views.lazy.compactMap { view in
      view.dimensions.first(where: self.live.definitions.isOfTouches).map { (view, $0) }
    }
    guard let (view, dimension) = candidates.first else { return }
    let query = RollupQuery(
      view: view.name, range: Time.earliest..<Time.latest, dimensions: [dimension])
    // Where the history has changed meanwhile, the next scrape has them.
    guard let rows = try? board.rows(query, check: {}) else { return }
    for (index, model) in board.models.enumerated() {
      for isAttributed in [true, false] {
        let credit = rows.filter { ($0.dimensions[0] != unattributedName) == isAttributed }
          .reduce(Int64(0)) { $0 &+ $1.sums.credits[index] }
        metrics.set(
          "tributary_conversions",
          ["model": model.rawValue, "attributed": "\(isAttributed)"],
          to: Double(credit) / Double(Money.microsPerUnit))
      }
    }
  }
}
