import Attribution
import Configuration
import Pipeline
import Service
import Synchronization

/// How the processor of this process stands.
///
/// Ready: every worker is a member of its group, has its state back and comes round, and no partition
/// with records waiting stands still.
final class ProcessorHealth: HealthSource {
  /// A partition with records waiting that does not move for so long is stuck.
  private static let timeout = Duration.seconds(60)
  /// A worker that has not reported for so long does not commit; it reports every commit interval.
  private static let longestSilence = Duration.seconds(30)

  private let monitor = Mutex<ProcessorMonitor?>(nil)
  private let gauges: ProcessorMetrics
  private let topics: [String]

  init(_ settings: Configuration, _ metrics: Metrics) {
    topics = settings.inputTopics.map(\.name).sorted()
    gauges = ProcessorMetrics(settings, metrics)
  }

  func watch(_ monitor: ProcessorMonitor) { self.monitor.withLock { $0 = monitor } }

  private var workers: [ProcessorMonitor.Worker]? { monitor.withLock { $0 }?.workers }

  private var memory: MemoryLimit.Use? { monitor.withLock { $0 }?.memory.use }

  var health: Health {
    guard let workers, !workers.isEmpty else {
      return Health(obstacles: ["starting"], partitions: [])
    }
    return Health(
      obstacles: (memory?.obstacle.map { [$0] } ?? []) + workers.flatMap(Self.obstacles),
      partitions: workers.flatMap(Self.partitions).sorted {
        ($0.topic, $0.partition) < ($1.topic, $1.partition)
      }, warnings: warnings(workers))
  }

  func refresh(_ metrics: Metrics) { gauges.set(workers ?? [], monitor.withLock { $0 }) }

  private func warnings(_ workers: [ProcessorMonitor.Worker]) -> [String] {
    misplaced(workers) + unmatched
  }

  /// So many records say whether an entry of inputs fits any.
  private static let enoughRecords = 1_000

  /// Entries of inputs that have got none of many records.
  private var unmatched: [String] {
    let matches = monitor.withLock { $0 }?.matches ?? []
    return matches.filter { $0.count == 0 }.compactMap { match in
      let read = matches.filter { $0.topic == match.topic }.reduce(0) { $0 + $1.count }
      guard read >= Self.enoughRecords else { return nil }
      return
        "\(match.topic): entry \(match.entry) of inputs (\(match.kind)) has got none of \(read) records; "
        + "`tributary inputs check` shows some"
    }
  }

  /// Topics whose records lie in other partitions than their users belong to.
  private func misplaced(_ workers: [ProcessorMonitor.Worker]) -> [String] {
    topics.compactMap { topic in
      var total = InputCounts()
      for worker in workers { total.add(worker.report.counters.records[topic] ?? InputCounts()) }
      guard total.misplaced > 0 else { return nil }
      return "\(topic): \(total.misplaced) of \(total.records) records lie in another partition "
        + "than their user_id belongs to"
    }
  }

  private static func obstacles(_ worker: ProcessorMonitor.Worker) -> [String] {
    let phase = worker.report.phase
    guard phase == .working else { return ["\(worker.name) is \(phase.rawValue)"] }
    var obstacles = worker.report.obstacles
    if worker.silence > longestSilence {
      obstacles.append("\(worker.name) has not committed for \(seconds(worker.silence)) s")
    }
    for source in worker.report.sources {
      guard let wait = worker.waits[source.partition], wait > timeout else { continue }
      obstacles.append(
        "\(source.partition) is stuck at offset \(source.position) for \(seconds(wait)) s, "
          + "\(source.lag ?? 0) records behind")
    }
    return obstacles
  }

  private static func partitions(_ worker: ProcessorMonitor.Worker) -> [Health.Partition] {
    func partition(_ source: WorkerReport.Source) -> Health.Partition {
      Health.Partition(
        topic: source.partition.topic, partition: source.partition.partition,
        position: source.position, lag: source.lag, isIdle: source.isIdle,
        lastCommit: worker.lastMoves[source.partition])
    }
    return worker.report.tasks.flatMap { task in
      task.sources.map { source in
        var partition = partition(source)
        partition.watermark = task.watermark
        partition.lost = task.lost.filter {
          $0.topic == source.partition.topic && $0.partition == source.partition.partition
        }
        return partition
      }
    }
      + worker.report.rekeyed.map { source in
        var partition = partition(source)
        partition.lost = worker.report.lost.filter {
          $0.topic == source.partition.topic && $0.partition == source.partition.partition
        }
        return partition
      }
      + worker.report.rollups.map { rollups in
        var partition = partition(rollups.source)
        partition.finalThrough = rollups.finalThrough
        return partition
      }
  }

  private static func seconds(_ duration: Duration) -> Int64 { duration.components.seconds }
}
