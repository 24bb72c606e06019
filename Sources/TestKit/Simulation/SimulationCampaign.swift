// Safety: `@unchecked Sendable` because all mutable state is behind `lock`.

import Foundation

/// Many seeds, on several threads; each run has a world of its own.
public final class SimulationCampaign: @unchecked Sendable {
  /// What came of them.
  public struct Summary: Sendable {
    public var runs = 0
    public var counts = SimulationCounts()
    /// In the order of their seeds.
    public var failures: [SimulationResult] = []
  }

  private let seeds: Range<UInt64>
  private let threads: Int
  private let stopsAtFailure: Bool
  private let lock = NSLock()
  private var next: UInt64
  private var summary = Summary()

  /// - Parameters:
  ///   - threads: 0 stands for one per core.
  ///   - stopsAtFailure: whether no further seed is begun after one has failed.
  public init(seeds: Range<UInt64>, threads: Int = 0, stopsAtFailure: Bool = false) {
    self.seeds = seeds
    self.threads = threads > 0 ? threads : ProcessInfo.processInfo.activeProcessorCount
    self.stopsAtFailure = stopsAtFailure
    next = seeds.lowerBound
  }

  /// Runs them all. Call once.
  ///
  /// - Parameter onResult: called with each result as it comes, one at a time.
  public func run(_ onResult: (SimulationResult) -> Void = { _ in }) -> Summary {
    withoutActuallyEscaping(onResult) { onResult in
      nonisolated(unsafe) let onResult = onResult
      DispatchQueue.concurrentPerform(iterations: threads) { _ in
        while let seed = take() {
          let result = SimulationRun.run(seed: seed)
          lock.withLock {
            add(result)
            onResult(result)
          }
        }
      }
    }
    summary.failures.sort { $0.seed < $1.seed }
    return summary
  }

  private func take() -> UInt64? {
    lock.withLock {
      guard next < seeds.upperBound, !(stopsAtFailure && !summary.failures.isEmpty) else {
        return nil
      }
      defer { next += 1 }
      return next
    }
  }

  private func add(_ result: SimulationResult) {
    summary.runs += 1
    summary.counts.add(result.counts)
    if result.failure != nil { summary.failures.append(result) }
  }
}
