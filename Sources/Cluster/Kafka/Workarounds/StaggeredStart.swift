import CMemory
import Kafka

/// Has a consumer begin a large backlog with one partition number after another, where the broker
/// makes it necessary.
///
/// A broker that honours fetch limits keeps every prefetch small: all partitions are open as soon as
/// its first answer shows that. One that answers with whole partitions, whatever was asked for, would
/// put the entire backlog into memory; there the next partition number is opened when the one before
/// is nearly through. Inputs of one number are opened together, since a task reads them in step. Not
/// thread-safe, but for the turns, which the consumers of a process share.
struct StaggeredStart {
  private let prefetch: Prefetch
  private let turns: FetchTurns
  private let name = FetchTurns.Name()
  /// Not read yet, by partition number, highest first.
  private var waiting: [[TopicPartition]] = []
  /// Opened last and still watched.
  private var opened: [TopicPartition] = []
  /// Records of each that were to be read when it was assigned.
  private var backlogs: [TopicPartition: Int64] = [:]
  private var openedAt = ContinuousClock.now
  /// Whether the queue of what was opened last was found to hold most of a partition, and far more than
  /// was asked for. (An answer of the size that was asked for may hold more records, too, where they are
  /// small or compress well.)
  private var isOverfull = false

  /// So few that the next partition number can be opened, in records.
  private static let nearlyThrough = 4_096
  /// For how long an answer is waited for: a leader that is away must not hold up the others.
  private static let timeout = Duration.seconds(5)

  init(prefetch: Prefetch, turns: FetchTurns) {
    self.prefetch = prefetch
    self.turns = turns
  }

  /// Forgets what was assigned before.
  mutating func reset() {
    backlogs = [:]
    waiting = []
    opened = []
  }

  /// Opens a partition that is assigned to `consumer`, and paused, at once or, if its backlog is too large for
  /// memory, when its number's turn comes.
  ///
  /// - Parameter backlog: records that are to be read.
  mutating func add(
    _ partition: TopicPartition, backlog: Int64, of consumer: Consumer
  ) throws {
    backlogs[partition] = backlog
    opened.removeAll { $0 == partition }
    for index in waiting.indices { waiting[index].removeAll { $0 == partition } }
    waiting.removeAll(where: \.isEmpty)
    guard backlog > prefetch.records else { return try consumer.resume([partition]) }
    if let index = waiting.firstIndex(where: { $0[0].partition == partition.partition }) {
      waiting[index].append(partition)
    } else {
      waiting.append([partition])
      waiting.sort { $0[0].partition > $1[0].partition }
    }
  }

  /// Opens the partition numbers whose turn it is.
  mutating func proceed(_ consumer: Consumer) throws {
    if !opened.isEmpty {
      guard isSettled(consumer) else { return turns.keep(name) }
      opened = []
      // What a whole partition took lies in pieces in this client's arenas, where the next cannot use it.
      if isOverfull { malloc_trim(0) }
      turns.give(name)
    }
    guard !waiting.isEmpty, turns.take(name) else { return }
    opened = waiting.removeLast()
    openedAt = .now
    isOverfull = false
    try consumer.resume(opened)
  }

  /// Whether what was opened last leaves room for more.
  private mutating func isSettled(_ consumer: Consumer) -> Bool {
    guard opened.allSatisfy({ consumer.knownEndOffset(of: $0) != nil }) else {
      return openedAt.duration(to: .now) > StaggeredStart.timeout
    }
    let ahead = opened.map { (partition: $0, count: consumer.queue(for: $0)?.backlog ?? 0) }
    isOverfull =
      isOverfull
      || ahead.contains {
        $0.count > 2 * prefetch.records && $0.count > backlogs[$0.partition, default: 0] / 2
      }
    return !isOverfull || ahead.allSatisfy { $0.count < StaggeredStart.nearlyThrough }
  }
}
