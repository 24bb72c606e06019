import Attribution
import Cluster
import Codec
import Configuration
import Foundation
import Kafka
import Logging

/// What earlier runs have left must be this application's own, and all of it.
extension Preflight {
  /// Refuses to go on from what another application, other definitions or an incomplete clean-up have
  /// left: adding to it would corrupt the numbers. Writes nothing.
  public func checkHistory(_ plan: TopicPlan) throws {
    let tail = try LogTail(configuration, logger: logger)
    defer { tail.close() }
    try checkAttribution(plan, tail)
    try checkRollups(plan, tail)
  }

  private func checkAttribution(_ plan: TopicPlan, _ tail: LogTail) throws {
    let state = try tail.partitions(of: configuration.stateTopic)
    let group = "\(configuration.applicationID)-attribution"
    let records = try progressRecords(state, tail)
    let newest = records.values.map(\.last).max() ?? .unknown
    for (task, record) in records.sorted(by: { $0.key < $1.key }) {
      try record.checkAdditions(of: configuration.definitions, newest: newest)
      let kind = TaskKind(task)
      try record.checkpoint.checkInputs(
        plan.inputs(of: kind).map(\.name), partitionCount: plan.partitionCount(of: kind))
    }
    try checkMappings(records)
    let hasProcessed = try hasCommitted(group, plan.inputPartitions, tail)
    if hasProcessed, try tail.isEmpty(state) {
      throw incomplete("\(configuration.stateTopic) is empty, but \(group) has processed events")
    }
    // Where the group has no offsets any more those of the progress records serve.
    try checkPositions(of: group, tail, state: configuration.stateTopic) {
      try progressRecords(state, tail).reduce(into: [:]) { positions, entry in
        for input in entry.value.checkpoint.inputs {
          let source = TopicPartition(topic: input.topic, partition: entry.key.partition)
          positions[source] = input.position
        }
      }
    }
    guard !hasProcessed, !records.values.contains(where: { $0.serial > 0 }) else { return }
    let attributions = try tail.partitions(of: configuration.topics.attributions)
    if try tail.last(of: attributions, where: { $0.value != nil }) {
      throw incomplete(
        "\(configuration.topics.attributions) holds records, but \(group) has processed nothing")
    }
  }

  private func progressRecords(
    _ state: [TopicPartition], _ tail: LogTail
  ) throws -> [TaskID: ProgressRecord] {
    try ProgressRecords.ofTasks(state, tail, under: configuration.definitions.fingerprint)
  }

  /// Compares what is remembered with what a group has committed and what the logs hold, as every take-over
  /// does.
  ///
  /// Another instance may commit between the questions: only what is found twice in the same way is refused. Where
  /// something else is found every time, the partition's owner is at work, and has compared them itself.
  private func checkPositions(
    of group: String, _ tail: LogTail, state: String,
    _ remembered: () throws -> [TopicPartition: Int64]
  ) throws {
    var former: [TopicPartition: [Int64?]] = [:]
    for _ in 0..<5 {
      let positions = try remembered()
      let partitions = positions.keys.sorted()
      let committed = try tail.committed(partitions, by: group)
      let bounds = try tail.bounds(of: partitions)
      var suspects: [TopicPartition: [Int64?]] = [:]
      // What does not answer now is compared when its task is taken over.
      for partition in partitions {
        guard let position = positions[partition], let log = bounds[partition] else { continue }
        do {
          let start = try InputStart.decide(
            partition, remembered: position, committed: committed[partition], log, group: group,
            state: state)
          if case .behind(let lost) = start, configuration.onLostInput == .stop {
            throw OperatorError.lost(partition, lost)
          }
        } catch {
          let found = [positions[partition], committed[partition]]
          guard former[partition] != found else { throw error }
          suspects[partition] = found
        }
      }
      guard !suspects.isEmpty else { return }
      former = suspects
      Thread.sleep(forTimeInterval: 0.4)
    }
  }

  private func checkRollups(_ plan: TopicPlan, _ tail: LogTail) throws {
    let rollups = try tail.partitions(of: configuration.topics.rollups)
    let group = "\(configuration.applicationID)-rollups"
    let deltas = (0..<plan.rollupPartitions).map {
      TopicPartition(topic: configuration.deltasTopic, partition: $0)
    }
    _ = try rollupPositions(rollups, tail)
    if try hasCommitted(group, deltas, tail), try tail.isEmpty(rollups) {
      throw incomplete("\(configuration.topics.rollups) is empty, but \(group) has published")
    }
    try checkPositions(of: group, tail, state: configuration.topics.rollups) {
      try rollupPositions(rollups, tail)
    }
  }

  /// How far the deltas have been added to the rollups.
  private func rollupPositions(
    _ rollups: [TopicPartition], _ tail: LogTail
  ) throws -> [TopicPartition: Int64] {
    let progress = try ProgressRecords.ofRollups(
      rollups, tail, under: ProgressHeader.fingerprint(of: configuration))
    return progress.reduce(into: [:]) { positions, entry in
      let source = TopicPartition(topic: configuration.deltasTopic, partition: entry.key)
      positions[source] = entry.value.position
    }
  }

  /// Whether a group has got anywhere. Does not wait for a transaction that is still open.
  private func hasCommitted(
    _ group: String, _ partitions: [TopicPartition], _ tail: LogTail
  ) throws -> Bool {
    let committed = try tail.committed(partitions, by: group)
    let ends = try tail.ends(of: partitions)
    for partition in partitions {
      guard let end = ends[partition], let position = committed[partition], position > end else {
        continue
      }
      throw incomplete(
        "\(partition) ends at offset \(end), but \(group) has processed it to \(position)")
    }
    return committed.values.contains { $0 > 0 }
  }

  private func incomplete(_ what: String) -> OperatorError {
    .doesNotFit(what)
  }
}
