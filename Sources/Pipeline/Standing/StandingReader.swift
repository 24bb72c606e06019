import Attribution
import Cluster
import Codec
import Configuration
import Kafka
import Logging

/// Tells how far an application has come and who does what, from what Kafka knows of it: committed offsets, group
/// members and progress records. Asks no process of the application and joins no group.
///
/// The answers are of moments close to each other, not of one: a task may move between them.
public final class StandingReader {
  private let configuration: Configuration
  private let plan: TopicPlan
  private let tail: LogTail
  private let groupMembers: GroupMembers

  public init(_ configuration: Configuration, plan: TopicPlan, logger: Logger) throws {
    self.configuration = configuration
    self.plan = plan
    tail = try LogTail(configuration, logger: logger)
    groupMembers = try GroupMembers(configuration, logger: logger)
  }

  public func close() { tail.close() }

  // MARK: - Lag

  /// Every partition that a stage reads, by stage, topic and number.
  public func sources() throws -> [SourceStanding] {
    let progress = try tasksProgress()
    let final = try rollupsProgress().mapValues(\.finalThrough)
    return try StageName.allCases.flatMap { stage in
      let partitions = partitions(of: stage)
      guard !partitions.isEmpty else { return [SourceStanding]() }
      // Committed offsets first: what is written in between must not make a stage be ahead of the log's end.
      let committed = try tail.committed(partitions, by: group(of: stage))
      let bounds = try tail.bounds(of: partitions)
      return partitions.map { partition in
        let mark =
          stage == .rollups
          ? final[partition.partition]
          : progress[plan.task(of: partition.topic, partition: partition.partition)]?.watermark
        return standing(
          of: partition, stage, committed[partition], bounds[partition],
          stage == .rekey ? nil : mark)
      }
    }
  }

  private func standing(
    of partition: TopicPartition, _ stage: StageName, _ committed: Int64?, _ bounds: LogBounds?,
    _ mark: Watermark?
  ) -> SourceStanding {
    SourceStanding(
      stage: stage, partition: partition, end: bounds?.end, committed: committed,
      behind: bounds.map { max(0, $0.end - max(committed ?? $0.start, $0.start)) },
      watermark: mark.flatMap { $0.isKnown ? $0.time : nil })
  }

  // MARK: - Tasks

  /// The consumer groups of the stages that there are.
  public func groups() throws -> [GroupStanding] {
    let stages = StageName.allCases.filter { !partitions(of: $0).isEmpty }
    let found = try groupMembers.describe(stages.map(group))
    return stages.map { stage in
      let description = found[group(of: stage)]
      return GroupStanding(
        stage: stage, group: group(of: stage), state: description?.state ?? "Unknown",
        members: description?.members.count ?? 0)
    }
  }

  /// Every task, by stage, kind and number.
  public func tasks() throws -> [TaskStanding] {
    let sources = Dictionary(
      uniqueKeysWithValues: try sources().map { (Source($0.stage, $0.partition), $0) })
    let statuses = try rollupsProgress().sorted { $0.key < $1.key }.first?.value.tasks ?? [:]
    var standings: [TaskStanding] = []
    for stage in StageName.allCases where !partitions(of: stage).isEmpty {
      let members = try groupMembers.describe([group(of: stage)])[group(of: stage)]?.members ?? []
      for (name, number, partitions) in tasks(of: stage) {
        let read = partitions.map { sources[Source(stage, $0)] }
        let owner = members.first { Set($0.partitions).isSuperset(of: partitions) }
        let status = name.hasPrefix(TaskKind.keyed.rawValue) ? statuses[number] : nil
        let behind = read.compactMap { $0?.behind }
        standings.append(
          TaskStanding(
            stage: stage, name: name, number: number, partitions: partitions, member: owner,
            state: Self.state(isOwned: owner != nil, status),
            watermark: read.compactMap { $0?.watermark }.min(),
            behind: behind.count == read.count ? behind.reduce(0, +) : nil))
      }
    }
    return standings
  }

  static func state(isOwned: Bool, _ status: TaskStatus?) -> TaskStanding.State {
    guard isOwned else { return .unassigned }
    switch status {
    case .active(.unknown): return .starting
    case .active, nil: return .active
    case .idle: return .idle
    case .finished: return .finished
    }
  }

  /// Names, numbers and partitions of a stage's tasks.
  private func tasks(of stage: StageName) -> [(String, Int32, [TopicPartition])] {
    switch stage {
    case .rekey:
      plan.rekeyedPartitions.map { ("\($0.topic)|\($0.partition)", $0.partition, [$0]) }
    case .attribution:
      plan.tasks.map { task in
        let topics = plan.inputs(of: TaskKind(task))
        return (
          "\(task)", task.partition,
          topics.map { TopicPartition(topic: $0.name, partition: task.partition) }
        )
      }
    case .rollups:
      partitions(of: stage).map { ("rollups|\($0.partition)", $0.partition, [$0]) }
    }
  }

  // MARK: - Pieces

  private struct Source: Hashable {
    let stage: StageName
    let partition: TopicPartition

    init(_ stage: StageName, _ partition: TopicPartition) {
      self.stage = stage
      self.partition = partition
    }
  }

  private func group(of stage: StageName) -> String {
    "\(configuration.applicationID)-\(stage.rawValue)"
  }

  private func partitions(of stage: StageName) -> [TopicPartition] {
    switch stage {
    case .rekey: plan.rekeyedPartitions
    case .attribution: plan.inputPartitions.sorted()
    case .rollups:
      (0..<plan.rollupPartitions).map {
        TopicPartition(topic: configuration.deltasTopic, partition: $0)
      }
    }
  }

  private func tasksProgress() throws -> [TaskID: ProgressRecord] {
    try ProgressRecords.ofTasks(
      tail.partitions(of: configuration.stateTopic), tail, under: nil)
  }

  private func rollupsProgress() throws -> [Int32: ProgressHeader.Content] {
    try ProgressRecords.ofRollups(
      tail.partitions(of: configuration.topics.rollups), tail, under: nil)
  }
}
