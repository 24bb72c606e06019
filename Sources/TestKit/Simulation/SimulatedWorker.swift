import Kafka
import Pipeline

/// A worker of one of the stages, as `Processor` drives it.
enum SimulatedWorker {
  case attribution(AttributionWorker)
  case rollups(RollupWorker)
  case rekey(RekeyWorker)

  func start() throws {
    switch self {
    case .attribution(let worker): try worker.start()
    case .rollups(let worker): try worker.start()
    case .rekey(let worker): try worker.start()
    }
  }

  func step() throws {
    switch self {
    case .attribution(let worker): try worker.step()
    case .rollups(let worker): try worker.step()
    case .rekey(let worker): try worker.step()
    }
  }

  func stop() throws {
    switch self {
    case .attribution(let worker): try worker.stop()
    case .rollups(let worker): try worker.stop()
    case .rekey(let worker): try worker.stop()
    }
  }

  func close() {
    switch self {
    case .attribution(let worker): worker.close()
    case .rollups(let worker): worker.close()
    case .rekey(let worker): worker.close()
    }
  }

  /// Has the client's own thread say that the member lives.
  func heartbeat() {
    switch self {
    case .attribution(let worker): (worker.consumer as? MemoryLogConsumer)?.heartbeat()
    case .rollups(let worker): (worker.consumer as? MemoryLogConsumer)?.heartbeat()
    case .rekey(let worker): (worker.consumer as? MemoryLogConsumer)?.heartbeat()
    }
  }

  /// Has a worker of the rollups finish with what the deltas hold now; the others were told at the
  /// start where to stop.
  func finish() {
    if case .rollups(let worker) = self { worker.finish() }
  }

  var isFinished: Bool {
    switch self {
    case .attribution(let worker): worker.isFinished
    case .rollups(let worker): worker.isFinished
    case .rekey(let worker): worker.isFinished
    }
  }

  /// Whether the whole group has committed everything up to now.
  func isGroupFinished() throws -> Bool {
    switch self {
    case .attribution(let worker):
      guard let ends = try worker.inputEnds() else { return false }
      return try worker.isGroupFinished(upTo: ends)
    case .rollups(let worker): return try worker.isGroupFinished()
    case .rekey(let worker):
      guard let ends = try worker.sourceEnds() else { return false }
      return try worker.isGroupFinished(upTo: ends)
    }
  }
}

/// A place for a worker, and who is in it now.
package final class WorkerSlot {
  package enum Stage: String, Sendable { case attribution, rollups, rekey }

  package let stage: Stage
  package let number: Int
  /// Tells the names of dynamic members apart: a new process has a new one.
  var incarnation = 0
  var worker: SimulatedWorker?
  var process: SimulatedProcess?
  /// Whether its code is running, up in the stack, while others work.
  var isBusy = false

  init(_ stage: Stage, _ number: Int) {
    self.stage = stage
    self.number = number
  }

  package var isRunning: Bool { worker != nil }
  var name: String { "\(stage) \(number)" }

  func clear() {
    worker = nil
    process = nil
  }
}

/// A worker that has lost its place and sleeps.
struct Zombie {
  let slot: WorkerSlot
  /// By the cluster's time.
  let wakes: Int64
  /// Whether its client keeps its place in the group meanwhile.
  let heartbeats: Bool
}
