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

  let configuration: Configuration
  let plan: TopicPlan
  let log: any Log
  let logger: Logger
  let stopsAtEnd: Bool
  let process: ProcessContext
  let endOfRun = EndOfRun()

  let lock = NSLock()
  private var isStopping = false
  private var failure: (any Error)?
  var counts: [Int: [String: InputCounts]] = [:]
  /// What this process has re-keyed, by topic.
  var rekeyed: [String: RekeyCounts] = [:]
  var wakers: [String: @Sendable () -> Void] = [:]

  /// How often threads are looked after, in microseconds.
  static let round: UInt32 = 20_000

  /// - Parameters:
  ///   - output: how rollups and attributions are written.
  ///   - stopsAtEnd: process what the topics hold now, close every window, and return.
  public init(
    _ configuration: Configuration, plan: TopicPlan, log: any Log, output: PublishedOutput,
    stopsAtEnd: Bool, logger: Logger, clock: ProcessClock = .system
  ) {
    let memory = MemoryLimit(configuration)
    process = ProcessContext(
      clock: clock, memory: memory, output: output, copies: StateCopies(configuration, logger))
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

  var shouldStop: Bool { lock.withLock { isStopping } }

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
}
