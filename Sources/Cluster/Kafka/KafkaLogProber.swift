// Safety: `@unchecked Sendable` because questions and the flag are behind `condition`; the clients are made, used
// and closed on the prober's own thread.

import Configuration
import Foundation
import Kafka
import Logging

/// Asks the brokers of a cluster, on a thread of its own, what workers want to know and must not wait for.
///
/// Questions that have come in meanwhile are asked together. A partition that nobody answers for is asked about
/// apart from the others from then on, and last, until somebody does.
final class KafkaLogProber: LogProber {
  private let thread: ProbingThread

  init(_ configuration: Configuration, logger: Logger) {
    thread = ProbingThread(configuration, logger: logger)
  }

  deinit { thread.close() }

  func bounds(
    of partitions: [TopicPartition]
  ) -> PendingAnswer<[TopicPartition: Result<LogBounds, any Error>]> {
    let answer = PendingAnswer<[TopicPartition: Result<LogBounds, any Error>]>()
    thread.ask(.bounds(partitions, answer))
    return answer
  }

  func committed(
    _ partitions: [TopicPartition], by group: String
  ) -> PendingAnswer<[TopicPartition: Int64]> {
    let answer = PendingAnswer<[TopicPartition: Int64]>()
    thread.ask(.committed(partitions, group: group, answer))
    return answer
  }

  func record(
    atOrAfter offset: Int64, of partition: TopicPartition
  ) -> PendingAnswer<RecordFingerprint?> {
    let answer = PendingAnswer<RecordFingerprint?>()
    thread.ask(.record(partition, offset: offset, answer))
    return answer
  }

  func deleteRecords(before offsets: [TopicPartition: Int64]) -> PendingAnswer<Void> {
    let answer = PendingAnswer<Void>()
    thread.ask(.deletion(offsets, answer))
    return answer
  }
}

private final class ProbingThread: @unchecked Sendable {
  enum Question {
    case bounds(
      [TopicPartition], PendingAnswer<[TopicPartition: Result<LogBounds, any Error>]>)
    case committed([TopicPartition], group: String, PendingAnswer<[TopicPartition: Int64]>)
    case record(TopicPartition, offset: Int64, PendingAnswer<RecordFingerprint?>)
    case deletion([TopicPartition: Int64], PendingAnswer<Void>)
  }

  /// How long one call may take, in milliseconds.
  private static let timeout: Int32 = 5_000
  /// … about a partition that nobody answered for.
  private static let shortPatience: Int32 = 1_000
  /// Clients that nobody has needed for so long are closed, in seconds.
  private static let longestRest = 60.0

  private let configuration: Configuration
  private let logger: Logger
  private let condition = NSCondition()
  private var questions: [Question] = []
  private var isRunning = false
  private var isClosed = false

  // Of the thread:
  private var members: [String: Consumer] = [:]
  private var readers: [String: Consumer] = [:]
  private var suspects: Set<TopicPartition> = []

  init(_ configuration: Configuration, logger: Logger) {
    self.configuration = configuration
    self.logger = logger
  }

  func ask(_ question: Question) {
    condition.lock()
    defer { condition.unlock() }
    questions.append(question)
    condition.signal()
    guard !isRunning else { return }
    isRunning = true
    let thread = Thread { [self] in run() }
    thread.name = "prober"
    thread.start()
  }

  func close() {
    condition.lock()
    isClosed = true
    condition.signal()
    condition.unlock()
  }

  private func run() {
    while let next = next() { answer(next) }
    for client in Array(members.values) + Array(readers.values) {
      client.close(timeoutMilliseconds: 0)
    }
    members = [:]
    readers = [:]
  }

  /// What has been asked by now; nil once nobody asks any more.
  private func next() -> [Question]? {
    condition.lock()
    defer { condition.unlock() }
    let deadline = Date(timeIntervalSinceNow: Self.longestRest)
    while questions.isEmpty && !isClosed && condition.wait(until: deadline) {}
    guard !questions.isEmpty, !isClosed else {
      // The next question starts a thread again.
      isRunning = false
      return nil
    }
    defer { questions = [] }
    return questions
  }

  // MARK: Answers

  private func answer(_ questions: [Question]) {
    var bounds:
      [([TopicPartition], PendingAnswer<[TopicPartition: Result<LogBounds, any Error>]>)] =
        []
    var committed: [String: [([TopicPartition], PendingAnswer<[TopicPartition: Int64]>)]] = [:]
    var records: [(TopicPartition, offset: Int64, PendingAnswer<RecordFingerprint?>)] = []
    var deletions: [([TopicPartition: Int64], PendingAnswer<Void>)] = []
    for question in questions {
      switch question {
      case .bounds(let partitions, let answer): bounds.append((partitions, answer))
      case .committed(let partitions, let group, let answer):
        committed[group, default: []].append((partitions, answer))
      case .record(let partition, let offset, let answer):
        records.append((partition, offset, answer))
      case .deletion(let offsets, let answer): deletions.append((offsets, answer))
      }
    }
    // Last: everybody else waits for an answer.
    defer {
      for (offsets, answer) in deletions {
        answer.resolve(Result { try delete(before: offsets) })
      }
    }
    for (group, asked) in committed {
      let partitions = Set(asked.flatMap(\.0))
      let found = Result { try offsets(of: Array(partitions), group) }
      for (wanted, answer) in asked {
        answer.resolve(
          found.map { found in found.filter { wanted.contains($0.key) } })
      }
    }
    // Each partition once at a time.
    while !records.isEmpty {
      var asked: Set<TopicPartition> = []
      let round = records.filter { asked.insert($0.0).inserted }
      var isTaken: Set<TopicPartition> = []
      records.removeAll { isTaken.insert($0.0).inserted }
      let found = Result {
        try firstRecords(Dictionary(uniqueKeysWithValues: round.map { ($0.0, $0.offset) }))
      }
      for (partition, offset, answer) in round {
        answer.resolve(
          found.flatMap { found in
            found[partition].map { .success($0) }
              ?? .failure(
                LogStall(description: "\(partition) cannot be read at offset \(offset)"))
          })
      }
    }
    // Those that are waited for in vain come last.
    let clear = bounds.filter { suspects.isDisjoint(with: $0.0) }
    let doubtful = bounds.filter { !suspects.isDisjoint(with: $0.0) }
    for asked in [clear, doubtful] where !asked.isEmpty {
      let found = boundsFound(Array(Set(asked.flatMap(\.0))))
      for (wanted, answer) in asked {
        answer.resolve(.success(found.filter { wanted.contains($0.key) }))
      }
    }
  }

  private func boundsFound(
    _ partitions: [TopicPartition]
  ) -> [TopicPartition: Result<LogBounds, any Error>] {
    let ends = asked(partitions) {
      try self.reader("read_uncommitted").endOffsets($0, timeoutMilliseconds: $1)
    }
    let answered = ends.filter { (try? $0.value.get()) != nil }.map(\.key)
    let starts = asked(answered) {
      try self.reader("read_uncommitted").offsets(
        forTimes: Dictionary(uniqueKeysWithValues: $0.map { ($0, LogicalOffset.beginning) }),
        timeoutMilliseconds: $1)
    }
    let stable = asked(answered) {
      try self.reader("read_committed").endOffsets($0, timeoutMilliseconds: $1)
    }
    var found: [TopicPartition: Result<LogBounds, any Error>] = [:]
    for partition in partitions {
      found[partition] = Result {
        let end = try ends[partition]!.get()
        return LogBounds(
          start: try starts[partition]!.get(), stableEnd: try stable[partition]!.get(), end: end)
      }
      if case .success? = found[partition] {
        suspects.remove(partition)
      } else {
        suspects.insert(partition)
      }
    }
    return found
  }

  /// Asks for all of them at once; where that fails, for ever fewer, until it is known for which.
  private func asked(
    _ partitions: [TopicPartition],
    _ ask: ([TopicPartition], Int32) throws -> [TopicPartition: Int64]
  ) -> [TopicPartition: Result<Int64, any Error>] {
    let (doubtful, clear) = (
      partitions.filter(suspects.contains), partitions.filter { !suspects.contains($0) }
    )
    var found = split(clear, Self.timeout, ask)
    for partition in doubtful {
      found.merge(split([partition], Self.shortPatience, ask)) { $1 }
    }
    return found
  }

  private func split(
    _ partitions: [TopicPartition], _ timeout: Int32,
    _ ask: ([TopicPartition], Int32) throws -> [TopicPartition: Int64]
  ) -> [TopicPartition: Result<Int64, any Error>] {
    guard !partitions.isEmpty else { return [:] }
    do {
      return try ask(partitions, timeout).mapValues { .success($0) }
    } catch {
      guard partitions.count > 1 else { return [partitions[0]: .failure(error)] }
      let half = partitions.count / 2
      return split(Array(partitions[..<half]), Self.shortPatience, ask)
        .merging(split(Array(partitions[half...]), Self.shortPatience, ask)) { $1 }
    }
  }

  private func offsets(
    of partitions: [TopicPartition], _ group: String
  ) throws -> [TopicPartition: Int64] {
    let client = try members[group] ?? makeClient("read_committed", group: group)
    members[group] = client
    return try client.committed(partitions, timeoutMilliseconds: Self.timeout)
      .compactMapValues { $0 }
  }

  /// The first record of each partition from an offset on, nil where there is none; nothing for partitions that
  /// nobody reads to us in time.
  private func firstRecords(
    _ offsets: [TopicPartition: Int64]
  ) throws -> [TopicPartition: RecordFingerprint?] {
    let client = try reader("read_committed")
    try client.assign(offsets.map { ($0.key, offset: $0.value) })
    defer { client.unassign() }
    var found: [TopicPartition: RecordFingerprint?] = [:]
    let batch = RecordBatch(capacity: 1)
    defer { batch.release() }
    let deadline = ContinuousClock.now + .milliseconds(Int64(Self.timeout))
    while found.count < offsets.count, ContinuousClock.now < deadline {
      try client.poll()
      for partition in offsets.keys where found[partition] == nil {
        guard let queue = client.queue(for: partition) else { continue }
        if try queue.read(into: batch) > 0 {
          found[partition] = .some(RecordFingerprint(batch[0]))
        } else if batch.endOffset != nil {
          found[partition] = .some(nil)
        }
      }
      if found.count < offsets.count { client.waitForArrival(timeoutMilliseconds: 20) }
    }
    return found
  }

  private func delete(before offsets: [TopicPartition: Int64]) throws {
    let admin = try AdminClient(ClientSettings.common(configuration), logger: logger)
    try admin.deleteRecords(before: offsets, timeoutMilliseconds: CallTimeout.tidying)
  }

  // MARK: Clients

  private func reader(_ isolation: String) throws -> Consumer {
    let client = try readers[isolation] ?? makeClient(isolation, group: nil)
    readers[isolation] = client
    return client
  }

  private func makeClient(_ isolation: String, group: String?) throws -> Consumer {
    var settings = ClientSettings.consumer(configuration, prefetch: .ofProbe)
    settings["isolation.level"] = isolation
    if let group { settings["group.id"] = group }
    return try Consumer(settings, logger: logger)
  }
}
