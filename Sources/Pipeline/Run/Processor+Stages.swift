// Safety: as in Processor.swift: workers are made, used and closed on their own threads.

import Attribution
import Cluster
import Configuration
import Foundation
import Kafka
import Logging

/// What the thread of each stage does.
extension Processor {
  func runRekeying(_ heartbeat: Heartbeat, isWell: () -> Void) throws {
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
      var wait = EndOfRunWait(process.clock.monotonic)
      var thread = WorkerThread(worker, heartbeat)
      while !shouldStop, try thread.step(isWell: isWell) {
        guard let ends, worker.isFinished, wait.isDue else { continue }
        if try worker.isGroupFinished(upTo: ends) { break }
        wait.note(logger, "inputs to be re-keyed")
      }
      if try thread.finish(), !shouldStop { endOfRun.didRekey() }
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
    while !endOfRun.isRekeyed && !shouldStop && !heartbeat.isAbandoned {
      heartbeat.beat()
      usleep(Processor.round)
    }
  }

  func runAttribution(
    _ index: Int, _ heartbeat: Heartbeat, isWell: () -> Void
  ) throws {
    let name = "attribution-\(index)"
    endOfRun.note(worker: index, isFinished: false)
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
      var wait = EndOfRunWait(process.clock.monotonic)
      var thread = WorkerThread(worker, heartbeat)
      // To the end of the rollups: a task of somebody who died may still come here to be closed.
      while !shouldStop, !endOfRun.areRollupsFinished, try thread.step(isWell: isWell) {
        endOfRun.note(worker: index, isFinished: worker.isFinished)
        if index == 0, !endOfRun.isAttributionFinished, isEveryWorkerFinished, wait.isDue {
          if try worker.isGroupFinished(upTo: endOfRun.ends ?? [:]) {
            endOfRun.didFinishAttribution()
          } else {
            wait.note(logger, "inputs")
          }
        }
      }
      _ = try thread.finish()
    } catch {
      worker.close()
      throw error
    }
  }

  /// Before anything is read: where tasks stop is never before this.
  private func noteEnds(_ worker: AttributionWorker, _ heartbeat: Heartbeat) throws {
    while endOfRun.ends == nil && !shouldStop && !heartbeat.isAbandoned {
      if let found = try worker.inputEnds() {
        endOfRun.note(ends: found)
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

  private var isEveryWorkerFinished: Bool {
    stopsAtEnd && endOfRun.finishedWorkerCount == workerCount
  }

  func runRollups(_ heartbeat: Heartbeat, isWell: () -> Void) throws {
    let worker = try RollupWorker(
      configuration: configuration, plan: plan, log: log, index: 0, logger: logger,
      heartbeat: heartbeat, meter: monitor.makeMeter(stage: "rollups", index: 0),
      process: process)
    defer { setWaker("rollups", nil, heartbeat) }
    do {
      try worker.start()
      setWaker("rollups", worker.waker, heartbeat)
      var isFinishing = false
      var wait = EndOfRunWait(process.clock.monotonic)
      var thread = WorkerThread(worker, heartbeat)
      while !shouldStop {
        if wait.isDue && (worker.isFinished || worker.waitsForTasks) {
          if try worker.isFinished && worker.isGroupFinished() { break }
          // A task's new owner has more to say than there was before.
          if worker.waitsForTasks {
            if wait.isOver {
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
          wait.note(logger, worker.isFinished ? "deltas" : "inputs")
        }
        if !isFinishing && endOfRun.isAttributionFinished {
          worker.finish()
          isFinishing = true
        }
        guard try thread.step(isWell: isWell) else { break }
      }
      if try thread.finish() { endOfRun.didStopRollups(isFinished: isFinishing) }
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
