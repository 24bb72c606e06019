// Safety: `@unchecked Sendable` because the only mutable state is behind `lock`; workers are made,
// used and closed on their own threads.

import Attribution
import Cluster
import Configuration
import Foundation
import Inputs
import Kafka
import Logging

/// Runs the stages: one supervised thread per worker.
public final class Processor: @unchecked Sendable {
  /// What a run has done, by the outcome of its records.
  public struct Summary: Sendable {
    /// By topic.
    public var counts: [String: InputCounts] = [:]
    /// Of topics that are re-keyed, by topic.
    public var rekeyed: [String: RekeyCounts] = [:]
    public var seconds: Double = 0
  }

  /// How its workers stand.
  public let monitor: ProcessorMonitor

  private let configuration: Configuration
  private let plan: TopicPlan
  private let log: any Log
  private let logger: Logger
  private let stopsAtEnd: Bool
  private let process: ProcessContext

  private let lock = NSLock()
  private var isStopping = false
  private var failure: (any Error)?
  private var finishedWorkers: Set<Int> = []
  private var isGroupFinished = false
  private var isRekeyed = false
  private var areRollupsFinished = false
  /// Where every input ended when the first worker started, when that is where to stop.
  private var ends: [TopicPartition: Int64]?
  private var counts: [Int: [String: InputCounts]] = [:]
  /// What this process has re-keyed, by topic.
  private var rekeyed: [String: RekeyCounts] = [:]
  private var wakers: [String: @Sendable () -> Void] = [:]

  /// How often threads are looked after, in microseconds.
  private static let round: UInt32 = 20_000

  /// - Parameters:
  ///   - output: how rollups and attributions are written.
  ///   - stopsAtEnd: process what the topics hold now, close every window, and return.
  public init(
    _ configuration: Configuration, plan: TopicPlan, log: any Log, output: PublishedOutput,
    stopsAtEnd: Bool, logger: Logger, clock: ProcessClock = .system
  ) {
    let memory = MemoryLimit(configuration)
    process = ProcessContext(clock: clock, memory: memory, output: output)
    monitor = ProcessorMonitor(process)
    self.configuration = configuration
    self.plan = plan
    self.log = log
    self.stopsAtEnd = stopsAtEnd
    self.logger = logger
  }

  /// Attribution workers of this process: as configured, or one per core; never more than tasks.
  public var workerCount: Int {
    let wanted =
      configuration.workers > 0
      ? configuration.workers : ProcessInfo.processInfo.activeProcessorCount
    return max(1, min(wanted, Int(plan.taskCount)))
  }

  /// Runs until `stop`, the end of the topics, or a failure that restarting cannot mend.
  public func run() throws -> Summary {
    let began = ContinuousClock.now
    var supervisors = (0..<workerCount).map { index in
      supervisor("attribution worker \(index)") { [self] in
        try runAttribution(index, $0, isWell: $1)
      }
    }
    if !plan.rekeyings.isEmpty {
      supervisors.append(
        supervisor("re-keying worker") { [self] in try runRekeying($0, isWell: $1) })
    }
    supervisors.append(supervisor("rollup worker") { [self] in try runRollups($0, isWell: $1) })
    for supervisor in supervisors { supervisor.start() }
    while !supervisors.allSatisfy(\.hasEnded) {
      usleep(Processor.round)
      for supervisor in supervisors where !shouldStop { supervisor.replaceIfStalled() }
    }
    if let failure = lock.withLock({ failure }) { throw failure }
    var summary = Summary()
    for workerCounts in lock.withLock({ Array(counts.values) }) {
      for (topic, count) in workerCounts {
        summary.counts[topic, default: InputCounts()].add(count)
      }
    }
    summary.rekeyed = lock.withLock { rekeyed }
    summary.seconds = began.duration(to: .now) / .seconds(1)
    return summary
  }

  /// Has every worker finish its transaction and leave. From any thread.
  public func stop() {
    let wakers = lock.withLock {
      isStopping = true
      return Array(self.wakers.values)
    }
    for wake in wakers { wake() }
  }

  private var shouldStop: Bool { lock.withLock { isStopping } }

  private func supervisor(
    _ name: String, _ body: @escaping Supervisor.Body
  ) -> Supervisor {
    Supervisor(
      name, stallTimeout: .milliseconds(configuration.stallTimeout), logger: logger,
      shouldStop: { [self] in shouldStop }, fail: { [self] in fail($0) }, body: body)
  }

  private func fail(_ error: any Error) {
    lock.withLock { failure = failure ?? error }
    stop()
  }

  // MARK: Re-keying

  private func runRekeying(_ heartbeat: Heartbeat, isWell: () -> Void) throws {
    let worker = try RekeyWorker(
      configuration: configuration, plan: plan, log: log, index: 0, stopsAtEnd: stopsAtEnd,
      logger: logger, heartbeat: heartbeat, meter: monitor.makeMeter(stage: "rekey", index: 0),
      process: process)
    let former = lock.withLock { rekeyed }
    defer {
      setWaker("rekey", nil, heartbeat)
      if !heartbeat.isAbandoned {
        let counts = worker.counts.reduce(into: former) {
          $0[$1.key, default: RekeyCounts()].add($1.value)
        }
        lock.withLock { rekeyed = counts }
      }
    }
    do {
      let ends = stopsAtEnd ? try askForEnds(heartbeat) { try worker.sourceEnds() } : nil
      try worker.start()
      setWaker("rekey", worker.waker, heartbeat)
      var endOfRun = EndOfRunWait(process.clock.monotonic)
      var wasWell = false
      while !shouldStop {
        try worker.step()
        guard !heartbeat.isAbandoned else { break }
        heartbeat.beat()
        if !wasWell && worker.hasAssignment {
          isWell()
          wasWell = true
        }
        guard let ends, worker.isFinished, endOfRun.isDue else { continue }
        if try worker.isGroupFinished(upTo: ends) { break }
        endOfRun.wait(logger, "inputs to be re-keyed")
      }
      if heartbeat.isAbandoned {
        worker.close()
      } else {
        try worker.stop()
        // What has been passed on is all that the tasks are to read.
        if !shouldStop { lock.withLock { isRekeyed = true } }
      }
    } catch {
      worker.close()
      throw error
    }
  }

  /// Asks where something ends until somebody answers; nil where the run is over before.
  private func askForEnds(
    _ heartbeat: Heartbeat, _ ask: () throws -> [TopicPartition: Int64]?
  ) throws -> [TopicPartition: Int64]? {
    while !shouldStop && !heartbeat.isAbandoned {
      if let found = try ask() { return found }
      heartbeat.beat()
      usleep(Processor.round)
    }
    return nil
  }

  /// Waits until all has been passed on that the tasks are to read, where they stop at the end.
  private func waitForRekeying(_ heartbeat: Heartbeat) {
    guard stopsAtEnd, !plan.rekeyings.isEmpty else { return }
    while !lock.withLock({ isRekeyed }) && !shouldStop && !heartbeat.isAbandoned {
      heartbeat.beat()
      usleep(Processor.round)
    }
  }

  // MARK: Attribution

  private func runAttribution(
    _ index: Int, _ heartbeat: Heartbeat, isWell: () -> Void
  ) throws {
    let name = "attribution-\(index)"
    report(index, isFinished: false)
    let worker = try AttributionWorker(
      configuration: configuration, plan: plan, log: log, index: index, stopsAtEnd: stopsAtEnd,
      logger: logger, heartbeat: heartbeat,
      meter: monitor.makeMeter(stage: "attribution", index: index), process: process)
    let former = lock.withLock { counts[index] ?? [:] }
    defer {
      setWaker(name, nil, heartbeat)
      if !heartbeat.isAbandoned { keep(worker.counts, former, index) }
    }
    do {
      waitForRekeying(heartbeat)
      if stopsAtEnd { try noteEnds(worker, heartbeat) }
      try worker.start()
      setWaker(name, worker.waker, heartbeat)
      var endOfRun = EndOfRunWait(process.clock.monotonic)
      var wasWell = false
      // To the end of the rollups: a task of somebody who died may still come here to be closed.
      while !shouldStop && !areRollupsDone {
        try worker.step()
        guard !heartbeat.isAbandoned else { break }
        heartbeat.beat()
        if !wasWell && worker.hasAssignment {
          isWell()
          wasWell = true
        }
        report(index, isFinished: worker.isFinished)
        if index == 0 && !isAttributionDone && isEveryWorkerFinished && endOfRun.isDue {
          if try worker.isGroupFinished(upTo: lock.withLock { ends ?? [:] }) {
            lock.withLock { isGroupFinished = true }
          } else {
            endOfRun.wait(logger, "inputs")
          }
        }
      }
      if heartbeat.isAbandoned { worker.close() } else { try worker.stop() }
    } catch {
      worker.close()
      throw error
    }
  }

  /// Before anything is read: where tasks stop is never before this.
  private func noteEnds(_ worker: AttributionWorker, _ heartbeat: Heartbeat) throws {
    while lock.withLock({ ends == nil }) && !shouldStop && !heartbeat.isAbandoned {
      if let found = try worker.inputEnds() {
        lock.withLock { ends = ends ?? found }
      } else {
        heartbeat.beat()
        usleep(Processor.round)
      }
    }
  }

  private func keep(
    _ new: [String: InputCounts], _ former: [String: InputCounts], _ index: Int
  ) {
    let sum = former.merging(new) { first, second in
      var both = first
      both.add(second)
      return both
    }
    lock.withLock { counts[index] = sum }
  }

  private func report(_ index: Int, isFinished: Bool) {
    lock.withLock {
      if isFinished { finishedWorkers.insert(index) } else { finishedWorkers.remove(index) }
    }
  }

  private var isEveryWorkerFinished: Bool {
    lock.withLock { stopsAtEnd && finishedWorkers.count == workerCount }
  }

  /// Whether the end of every input has been reached, when asked to stop there.
  private var isAttributionDone: Bool { lock.withLock { isGroupFinished } }
  /// Whether every window has been closed, when asked to stop at the end.
  private var areRollupsDone: Bool { lock.withLock { areRollupsFinished } }

  // MARK: Rollups

  private func runRollups(_ heartbeat: Heartbeat, isWell: () -> Void) throws {
    let worker = try RollupWorker(
      configuration: configuration, plan: plan, log: log, index: 0, logger: logger,
      heartbeat: heartbeat, meter: monitor.makeMeter(stage: "rollups", index: 0),
      process: process)
    defer { setWaker("rollups", nil, heartbeat) }
    do {
      try worker.start()
      setWaker("rollups", worker.waker, heartbeat)
      var isFinishing = false
      var endOfRun = EndOfRunWait(process.clock.monotonic)
      var wasWell = false
      while !shouldStop {
        if endOfRun.isDue && (worker.isFinished || worker.waitsForTasks) {
          if try worker.isFinished && worker.isGroupFinished() { break }
          // A task's new owner has more to say than there was before.
          if worker.waitsForTasks {
            if endOfRun.isOver {
              logger.warning(
                """
                a task is another member's that does not stop at the end: windows that it has not \
                passed stay open
                """)
              worker.leaveTasksOpen()
            } else {
              worker.finish()
            }
          }
          endOfRun.wait(logger, worker.isFinished ? "deltas" : "inputs")
        }
        if !isFinishing && isAttributionDone {
          worker.finish()
          isFinishing = true
        }
        try worker.step()
        guard !heartbeat.isAbandoned else { break }
        heartbeat.beat()
        if !wasWell && worker.hasAssignment {
          isWell()
          wasWell = true
        }
      }
      if heartbeat.isAbandoned {
        worker.close()
      } else {
        try worker.stop()
        lock.withLock { areRollupsFinished = isFinishing }
      }
    } catch {
      worker.close()
      throw error
    }
  }

  /// A worker that was abandoned leaves its successor's waker alone.
  private func setWaker(_ name: String, _ wake: (@Sendable () -> Void)?, _ heartbeat: Heartbeat) {
    guard !heartbeat.isAbandoned else { return }
    lock.withLock { wakers[name] = wake }
  }
}
