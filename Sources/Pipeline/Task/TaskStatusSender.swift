import Attribution
import Cluster
import Codec
import Configuration
import Kafka

/// Tells the rollup stage how a task stands, after its deltas, and remembers what was said last.
struct TaskStatusSender {
  private let id: TaskID
  private let clock: ProcessClock
  private var sentStatus: TaskStatus?
  private var sentCatchingUp = false
  /// What the rollup stage has been told of lost input.
  private var sentLost: [LostRange] = []

  init(_ id: TaskID, _ clock: ProcessClock) {
    self.id = id
    self.clock = clock
  }

  /// Whether a status says something that has not been said. Of costs none is.
  func isNews(_ status: TaskStatus, isCatchingUp: Bool) -> Bool {
    !id.isCosts && (status != sentStatus || isCatchingUp != sentCatchingUp)
  }

  /// - Parameters:
  ///   - isRepeating: whether to say so even where nothing has changed.
  ///   - acceptanceTimes: of the events that the deltas count.
  mutating func send(
    _ status: TaskStatus, isCatchingUp: Bool, lost: [LostRange], isRepeating: Bool,
    measuring acceptanceTimes: AcceptanceTimes, to collector: RecordCollector
  ) throws {
    if lost != sentLost {
      try collector.broadcast(lost: lost, ofTask: id)
      sentLost = lost
    }
    let report = StatusReport(
      task: id.partition, status: status.bounded(by: clock.earlierWall), isCatchingUp: isCatchingUp,
      times: acceptanceTimes)
    if isNews(status, isCatchingUp: isCatchingUp) || (isRepeating && !id.isCosts) {
      collector.broadcast(report)
      sentStatus = status
      sentCatchingUp = isCatchingUp
    } else if !acceptanceTimes.isEmpty {
      collector.measure(report)
    }
  }
}
