// Safety: an event lends bytes of its record, for one call; what is kept of it is copied in that call.

import Attribution
import Cluster
import Codec
import Configuration
import Inputs
import Kafka
import Pipeline

/// Takes all events of a user back: writes a version with `deleted` of each to the topic that it came by.
///
/// The processor then takes them out of rollups, attributions and the deduped stream as it does with every version,
/// and sinks follow. Events that are deleted already are left alone, so that an erasure that was interrupted may be
/// repeated. It reads every partition of the inputs, because a user's events may lie where nobody expects them.
public struct Erasure {
  /// What there is of a user.
  public struct Result: Sendable, Equatable {
    /// Events to delete, by kind.
    public internal(set) var events: [EventKind: Int] = [:]
    /// Events whose last version deletes them.
    public internal(set) var deletedBefore = 0
    /// Events among those to delete that are older than their task still accepts: they wait for a backfill.
    public internal(set) var waiting = 0
    /// Event times of the first and the last of those.
    public internal(set) var waitingSpan: ClosedRange<Milliseconds>?
    /// Events in topics with a mapping, whose form only their producers can write, by topic.
    public internal(set) var foreign: [String: Int] = [:]

    public var total: Int { events.values.reduce(0, +) }
  }

  /// Records of one transaction.
  private static let mostRecords = 10_000

  private let configuration: Configuration
  private let plan: TopicPlan
  private let plans: InputPlans
  private let log: any ArchiveLog

  public init(
    _ configuration: Configuration, plan: TopicPlan, plans: InputPlans, log: any ArchiveLog
  ) {
    self.configuration = configuration
    self.plan = plan
    self.plans = plans
    self.log = log
  }

  /// Looks for a user's events, and deletes them.
  ///
  /// - Parameters:
  ///   - user: the id as producers write it, also with `pseudonymize`.
  ///   - isDryRun: look, and write nothing.
  /// - Throws: `OperatorError` where nothing can be written for a topic with a mapping, or the user stands for nobody.
  public func run(user: String, isDryRun: Bool) throws -> Result {
    guard !configuration.definitions.unmatchedUsers.contains(user) else {
      throw OperatorError("unmatched_users lists this user id: it stands for nobody")
    }
    let horizon = configuration.definitions.correctionHorizon
    let oldestAccepted = try RetentionMarks.read(configuration, plan, from: log)
      .mapValues { $0.moved(back: horizon) }
    var found = UserEvents(user, configuration.definitions)
    for source in plans.sources where source.kinds != [.cost] {
      for partition in try log.partitions(of: source.topic) {
        try found.read(partition, source, from: log)
      }
    }
    let result = result(of: found, oldestAccepted)
    guard !isDryRun else { return result }
    guard result.foreign.isEmpty else {
      let topics = result.foreign.sorted { $0.key < $1.key }.map { "\($0.value) in \($0.key)" }
      throw OperatorError(
        "the user has events in topics that inputs maps (\(topics.joined(separator: ", "))): have their producers "
          + "send versions with deleted; nothing was written")
    }
    try write(found.deletions)
    return result
  }

  private func result(of found: UserEvents, _ oldestAccepted: [TaskID: Watermark]) -> Result {
    var result = Result()
    result.deletedBefore = found.deletedCount
    let furthest = oldestAccepted.values.max()
    for deletion in found.deletions {
      if deletion.value == nil {
        result.foreign[deletion.place.topic, default: 0] += 1
        continue
      }
      result.events[deletion.kind, default: 0] += 1
      // Where a re-keyed event goes nobody knows here: the furthest task decides.
      let task = TaskID(isCosts: false, partition: deletion.place.partition)
      let isDirect = plans.plan(of: deletion.place.topic).map { plan in
        !plans.rekeyed.contains { $0 === plan }
      }
      let mark = isDirect ?? false ? oldestAccepted[task] : furthest
      guard let mark, mark.isKnown, deletion.time < mark.time else { continue }
      result.waiting += 1
      let span = result.waitingSpan ?? deletion.time...deletion.time
      result.waitingSpan =
        min(span.lowerBound, deletion.time)...max(span.upperBound, deletion.time)
    }
    return result
  }

  private func write(_ deletions: [UserEvents.Deletion]) throws {
    guard !deletions.isEmpty else { return }
    let producer = try log.makeProducer(
      transactionalID: "\(configuration.applicationID)-erase")
    defer { producer.close() }
    var first = 0
    while first < deletions.count {
      let batch = deletions[first..<min(first + Self.mostRecords, deletions.count)]
      try producer.begin()
      for deletion in batch { try deletion.produce(to: producer) }
      try producer.commit()
      first = batch.endIndex
    }
  }
}
