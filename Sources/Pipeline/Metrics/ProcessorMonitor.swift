import Attribution
import Foundation
import Kafka
import Synchronization

/// How the workers of a process stand, for whoever asks. Thread-safe.
///
/// Workers hand in a report per commit; that is the only lock between them and who looks on.
public final class ProcessorMonitor: Sendable {
  /// A worker as it last reported.
  public struct Worker: Sendable {
    /// As `attribution-0`.
    public let name: String
    /// `attribution` or `rollups`.
    public let stage: String
    /// The counters are those of its predecessors, too.
    public var report: WorkerReport
    /// Since the last report.
    public var silence: Duration
    /// How often it had to be built again.
    public var restarts: Int
    /// When each partition's position last moved, in milliseconds since the epoch.
    public var lastMoves: [TopicPartition: Milliseconds]
    /// Partitions with records waiting whose position does not move, and for how long.
    public var waits: [TopicPartition: Duration]
  }

  fileprivate struct Entry {
    let name: String
    let stage: String
    /// Counts the workers of this name: an abandoned one may still report.
    var generation = 0
    var report = WorkerReport(.starting)
    var reportedAt = ContinuousClock.now
    /// What the workers before this one have counted.
    var former = WorkerCounters()
    var lastMoves: [TopicPartition: Milliseconds] = [:]
    var waitingSince: [TopicPartition: ContinuousClock.Instant] = [:]
  }

  private let entries = Mutex<[Entry]>([])

  /// What the process remembers, and how much that may be.
  public let memory: MemoryLimit
  private let inputs: SharedInputPlans?

  public init(memory: MemoryLimit = MemoryLimit(bytes: .max)) {
    self.memory = memory
    inputs = nil
  }

  init(_ process: ProcessContext) {
    memory = process.memory
    inputs = process.inputs
  }

  /// Records read of topics with a mapping, by entry of `inputs`.
  public var matches: [(topic: String, entry: Int, kind: EventKind, count: Int)] {
    inputs?.current?.matches ?? []
  }

  /// Every worker that was ever started, in the order of the first start.
  public var workers: [Worker] {
    let now = ContinuousClock.now
    return entries.withLock { entries in
      entries.map { entry in
        var report = entry.report
        report.counters.add(entry.former)
        return Worker(
          name: entry.name, stage: entry.stage, report: report,
          silence: entry.reportedAt.duration(to: now), restarts: entry.generation - 1,
          lastMoves: entry.lastMoves,
          waits: entry.waitingSince.mapValues { $0.duration(to: now) })
      }
    }
  }

  /// The meter of a worker that is about to be made; takes the place of a former one of that name.
  func makeMeter(stage: String, index: Int) -> Meter {
    let name = "\(stage)-\(index)"
    let (place, generation) = entries.withLock { entries in
      let place = entries.firstIndex { $0.name == name } ?? entries.count
      if place == entries.count { entries.append(Entry(name: name, stage: stage)) }
      entries[place].former.add(entries[place].report.counters)
      entries[place].report = WorkerReport(.starting)
      entries[place].reportedAt = .now
      entries[place].generation += 1
      entries[place].lastMoves.removeAll()
      entries[place].waitingSince.removeAll()
      return (place, entries[place].generation)
    }
    return Meter { [self] report in
      entries.withLock { entries in
        guard entries[place].generation == generation else { return }
        entries[place].take(report)
      }
    }
  }
}

extension ProcessorMonitor.Entry {
  fileprivate mutating func take(_ new: WorkerReport) {
    let now = ContinuousClock.now
    let before = Dictionary(
      uniqueKeysWithValues: report.sources.map { ($0.partition, $0.position) })
    let owned = Set(new.sources.map(\.partition))
    lastMoves = lastMoves.filter { owned.contains($0.key) }
    waitingSince = waitingSince.filter { owned.contains($0.key) }
    for source in new.sources {
      let hasMoved = before[source.partition].map { $0 != source.position } ?? false
      if hasMoved { lastMoves[source.partition] = Int64(Date().timeIntervalSince1970 * 1_000) }
      if hasMoved || (source.lag ?? 0) == 0 {
        waitingSince[source.partition] = nil
      } else if waitingSince[source.partition] == nil {
        waitingSince[source.partition] = now
      }
    }
    report = new
    reportedAt = now
  }
}
