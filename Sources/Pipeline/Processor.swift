// Safety: `@unchecked Sendable` because the only mutable state is behind `lock`; workers are made,
// used and closed on their own threads.

import Attribution
import Configuration
import Foundation
import Kafka
import Logging

/// Runs both stages: one thread per worker, rebuilt with back-off when it fails.
public final class Processor: @unchecked Sendable {
  /// What a run has done, by the outcome of its records.
  public struct Summary: Sendable {
    public var counts: [EventKind: InputCounts] = [:]
    public var seconds: Double = 0
  }

  private let configuration: Configuration
  private let plan: TopicPlan
  private let log: any Log
  private let logger: Logger
  private let stopsAtEnd: Bool
  private let now: @Sendable () -> Milliseconds

  private let lock = NSLock()
  private var isStopping = false
  private var failure: (any Error)?
  private var finishedWorkers: Set<Int> = []
  private var isGroupFinished = false
  private var counts: [Int: [EventKind: InputCounts]] = [:]
  private var wakers: [String: @Sendable () -> Void] = [:]

  /// - Parameter stopsAtEnd: process what the topics hold now, close every window, and return.
  public init(
    _ configuration: Configuration, plan: TopicPlan, log: any Log, stopsAtEnd: Bool,
    logger: Logger,
    now: @escaping @Sendable () -> Milliseconds = {
      Milliseconds(Date().timeIntervalSince1970 * 1_000)
    }
  ) {
    self.configuration = configuration
    self.plan = plan
    self.log = log
    self.stopsAtEnd = stopsAtEnd
    self.logger = logger
    self.now = now
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
    let rollups = WorkerThread("rollups") { [self] in runRollups() }
    let attribution = (0..<workerCount).map { index in
      WorkerThread("attribution-\(index)") { [self] in runAttribution(index) }
    }
    for thread in attribution { thread.join() }
    rollups.join()
    if let failure = lock.withLock({ failure }) { throw failure }
    var summary = Summary()
    for workerCounts in lock.withLock({ Array(counts.values) }) {
      for (kind, count) in workerCounts { summary.counts[kind, default: InputCounts()].add(count) }
    }
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

  private var shouldStop: Bool { lock.withLock { isStopping || failure != nil } }

  // MARK: Attribution

  private func runAttribution(_ index: Int) {
    keepRunning("attribution worker \(index)") { [self] in
      report(index, isFinished: false)
      let worker = try AttributionWorker(
        configuration: configuration, plan: plan, log: log, index: index, stopsAtEnd: stopsAtEnd,
        logger: logger, now: now)
      let former = lock.withLock { counts[index] ?? [:] }
      do {
        try worker.start()
        setWaker("attribution-\(index)", worker.waker)
        var patience = Patience(now)
        while !shouldStop && !isAttributionDone {
          try worker.step()
          report(index, isFinished: worker.isFinished)
          if index == 0 && isEveryWorkerFinished && patience.isDue {
            if try worker.isGroupFinished() {
              lock.withLock { isGroupFinished = true }
            } else {
              patience.wait(logger, "inputs")
            }
          }
        }
        setWaker("attribution-\(index)", nil)
        try worker.stop()
        keep(worker.counts, former, index)
      } catch {
        setWaker("attribution-\(index)", nil)
        worker.close()
        keep(worker.counts, former, index)
        throw error
      }
    }
  }

  private func keep(
    _ new: [EventKind: InputCounts], _ former: [EventKind: InputCounts], _ index: Int
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

  // MARK: Rollups

  private func runRollups() {
    keepRunning("rollup worker") { [self] in
      let worker = try RollupWorker(
        configuration: configuration, plan: plan, log: log, index: 0, logger: logger, now: now)
      do {
        try worker.start()
        setWaker("rollups", worker.waker)
        var isFinishing = false
        var patience = Patience(now)
        while !shouldStop {
          if worker.isFinished && patience.isDue {
            if try worker.isGroupFinished() { break }
            patience.wait(logger, "deltas")
          }
          if !isFinishing && isAttributionDone {
            try worker.finish()
            isFinishing = true
          }
          try worker.step()
        }
        setWaker("rollups", nil)
        try worker.stop()
      } catch {
        setWaker("rollups", nil)
        worker.close()
        throw error
      }
    }
  }

  // MARK: Threads

  private func setWaker(_ name: String, _ wake: (@Sendable () -> Void)?) {
    lock.withLock { wakers[name] = wake }
  }

  /// Runs `body` again after a failure, with growing pauses, until it returns or all must stop.
  private func keepRunning(_ name: String, _ body: () throws -> Void) {
    var pause: Milliseconds = 250
    while !shouldStop {
      let began = now()
      do {
        return try body()
      } catch let error as PipelineError {
        return fail(error)
      } catch let error as KafkaError where error.needsOperator {
        return fail(error)
      } catch {
        if now() - began > 60_000 { pause = 250 }
        logger.error("\(name) stops: \(error); it starts again in \(pause) ms")
        let due = now() + pause
        while now() < due && !shouldStop { Thread.sleep(forTimeInterval: 0.05) }
        pause = min(pause * 2, 10_000)
      }
    }
  }

  private func fail(_ error: any Error) {
    lock.withLock { failure = failure ?? error }
    stop()
  }
}

/// Asks for the rest of the group twice a second, and says every ten seconds that it is waited for.
private struct Patience {
  private let now: @Sendable () -> Milliseconds
  private var next: Milliseconds = 0
  private var lastSaid: Milliseconds

  init(_ now: @escaping @Sendable () -> Milliseconds) {
    self.now = now
    lastSaid = now()
  }

  var isDue: Bool { now() >= next }

  mutating func wait(_ logger: Logger, _ what: String) {
    next = now() + 500
    guard now() - lastSaid >= 10_000 else { return }
    lastSaid = now()
    logger.info(
      """
      waiting for partitions of the \(what) that another member of the group owns; those of one that \
      is gone come here when its session times out
      """)
  }
}

/// A thread that can be waited for.
private final class WorkerThread: @unchecked Sendable {
  private let done = DispatchSemaphore(value: 0)

  init(_ name: String, _ body: @escaping @Sendable () -> Void) {
    let done = self.done
    let thread = Thread {
      body()
      done.signal()
    }
    thread.name = name
    thread.stackSize = 4 << 20
    thread.start()
  }

  func join() { done.wait() }
}
