import Cluster
import Kafka
import Synchronization

/// Who has finished, in a run that stops at the end of its inputs. Thread-safe: every worker's thread tells and asks.
final class EndOfRun: Sendable {
  private struct State {
    var finishedWorkers: Set<Int> = []
    var isRekeyed = false
    var isAttributionFinished = false
    var areRollupsFinished = false
    var ends: [TopicPartition: Int64]?
  }

  private let state = Mutex(State())

  /// Whether all that is to be re-keyed has been passed on: it is all that the tasks are to read.
  var isRekeyed: Bool { state.withLock { $0.isRekeyed } }
  /// Whether the whole group has come to the end of every input.
  var isAttributionFinished: Bool { state.withLock { $0.isAttributionFinished } }
  /// Whether every window has been closed.
  var areRollupsFinished: Bool { state.withLock { $0.areRollupsFinished } }
  /// Where every input ended when the first worker started; nil before that is known.
  var ends: [TopicPartition: Int64]? { state.withLock { $0.ends } }

  /// How many attribution workers have finished what they own.
  var finishedWorkerCount: Int { state.withLock { $0.finishedWorkers.count } }

  /// Notes whether an attribution worker has finished what it owns.
  func note(worker index: Int, isFinished: Bool) {
    state.withLock {
      if isFinished {
        $0.finishedWorkers.insert(index)
      } else {
        $0.finishedWorkers.remove(index)
      }
    }
  }

  /// The first that are found count.
  func note(ends: [TopicPartition: Int64]) { state.withLock { $0.ends = $0.ends ?? ends } }

  func didRekey() { state.withLock { $0.isRekeyed = true } }
  func didFinishAttribution() { state.withLock { $0.isAttributionFinished = true } }
  func didStopRollups(isFinished: Bool) { state.withLock { $0.areRollupsFinished = isFinished } }
}
