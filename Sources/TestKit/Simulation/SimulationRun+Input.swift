import Attribution
import Kafka

/// What is done to the inputs, and to what the groups have committed of them, behind the processor's back.
extension SimulationRun {
  private var inputPartitions: [TopicPartition] {
    simulation.configuration.inputTopics.flatMap { input in
      (0..<Int32(plan.partitions)).map { TopicPartition(topic: input.name, partition: $0) }
    }
  }

  /// A partition that the tasks read, or one that is re-keyed.
  func anyInput() -> TopicPartition {
    let partitions = inputPartitions + simulation.sourcePartitions
    return partitions[Int(simulation.random.below(Int64(partitions.count)))]
  }

  /// Nobody leads a partition for a while.
  func removeLeader() {
    let partition = anyInput()
    let duration = 1 + simulation.random.below(2 * plan.timeouts.session)
    simulation.log.removeLeader(of: partition, milliseconds: duration)
    simulation.counts.leaderless += 1
    simulation.trace.note("nobody leads \(partition) for \(duration) ms")
  }

  /// Retention takes the oldest records of an input, read or not.
  func deleteInput() {
    let partition = anyInput()
    let log = simulation.log
    let isSource = simulation.sourcePartitions.contains(partition)
    let group = "\(simulation.configuration.applicationID)-\(isSource ? "rekey" : "attribution")"
    // What goes before the first commit is nobody's loss.
    guard let committed = log.committed(partition, by: group) else { return }
    let end = log.end(of: partition)
    // Now and then a few that have not been read, mostly such that have.
    let bound = min(end, committed + simulation.random.below(8) - 4)
    guard bound > log.starts(of: [partition])[partition]! else { return }
    try? log.deleteRecords(before: [partition: bound])
    simulation.counts.deletions += 1
    simulation.trace.note("retention deletes \(partition) before \(bound), \(committed) committed")
  }

  /// Everything stands still, and groups without members lose what they have committed.
  func standStill() {
    guard simulation.zombies.isEmpty else { return }
    for slot in simulation.workers.all { simulation.kill(slot) }
    guard simulation.workers.all.allSatisfy({ !$0.isRunning }) else { return }
    simulation.pass(milliseconds: 4 * max(plan.timeouts.session, plan.timeouts.transaction))
    let configuration = simulation.configuration
    let deltas = (0..<Int32(plan.rollupPartitions)).map {
      TopicPartition(topic: configuration.deltasTopic, partition: $0)
    }
    for partition in inputPartitions {
      simulation.log.setCommitted(
        nil, of: partition, by: "\(configuration.applicationID)-attribution")
    }
    for partition in simulation.sourcePartitions {
      simulation.log.setCommitted(nil, of: partition, by: "\(configuration.applicationID)-rekey")
    }
    for partition in deltas {
      simulation.log.setCommitted(nil, of: partition, by: "\(configuration.applicationID)-rollups")
    }
    simulation.counts.standstills += 1
    simulation.trace.note("everything stands still, and the groups' offsets expire")
  }
}

/// What somebody does to topics and offsets of an application that has ended, and the next start must refuse.
enum Sabotage: CaseIterable {
  case offsetsMovedBack, offsetsMovedOn
  case topicMadeAnewAndShorter, topicMadeAnewAndLonger
  case topicsGrown, inputDeletedUnread
}

extension SimulationRun {
  /// Does it, and starts again.
  ///
  /// - Returns: what is wrong; nil when the start was refused with nothing written.
  func refusal(of sabotage: Sabotage) -> String? {
    let configuration = simulation.configuration
    let group = "\(configuration.applicationID)-attribution"
    let log = simulation.log
    // Enough of it read for a topic made anew to be told from it: a record, and not control records alone.
    let read = inputPartitions.filter { partition in
      var hasRecord = false
      _ = log.forEachRecord(of: partition) { _ in hasRecord = true }
      return hasRecord && log.committed(partition, by: group) ?? 0 > 4
    }
    guard !read.isEmpty else { return nil }
    let victim = read[Int(simulation.random.below(Int64(read.count)))]
    let committed = log.committed(victim, by: group)!
    var partitions = plan.partitions
    let expected: String
    switch sabotage {
    case .offsetsMovedBack:
      log.setCommitted(
        committed - 1 - simulation.random.below(committed - 1), of: victim, by: group)
      expected = "somebody has moved the group's offsets"
    case .offsetsMovedOn:
      appendStrangers(to: victim, 3)
      log.setCommitted(committed + 1, of: victim, by: group)
      expected = "somebody has moved the group's offsets"
    case .topicMadeAnewAndShorter:
      log.makeAnew(victim.topic, partitions: plan.partitions)
      appendStrangers(to: victim, committed - 1)
      expected = "the topic was made anew or cut short"
    case .topicMadeAnewAndLonger:
      log.makeAnew(victim.topic, partitions: plan.partitions)
      for partition in inputPartitions where partition.topic == victim.topic {
        appendStrangers(to: partition, 1_500)
      }
      expected = "the topic was made anew or cut short"
    case .topicsGrown:
      partitions += 1
      for input in configuration.inputTopics { log.grow(input.name, to: partitions) }
      log.grow(configuration.stateTopic, to: partitions)
      expected = "partitions, but had \(plan.partitions)"
    case .inputDeletedUnread:
      appendStrangers(to: victim, 5)
      try? log.deleteRecords(before: [victim: committed + 3])
      expected = "3 records were deleted before they were read"
    }
    simulation.trace.note("\(sabotage): \(victim)")
    simulation.counts.sabotages += 1
    let before = publications
    let next = Simulation(
      plan.definitions, seed: plan.traffic.seed, partitions: partitions,
      rollupPartitions: plan.rollupPartitions, attributionWorkers: plan.attributionWorkers,
      isStatic: plan.isStatic, wall: simulation.clock.right, timeouts: plan.timeouts,
      form: plan.form, rekeying: plan.rekeying, log: log)
    do {
      try next.runToEnd()
      return "\(sabotage) of \(victim) is not noticed"
    } catch {
      guard "\(error)".contains(expected) else { return "\(sabotage) of \(victim): \(error)" }
    }
    return publications == before ? nil : "\(sabotage) of \(victim): rollups changed all the same"
  }

  /// Records that nobody has processed, straight into a partition.
  private func appendStrangers(to partition: TopicPartition, _ count: Int64) {
    for _ in 0..<count {
      simulation.log.append(
        partition, value: Array("{\"stranger\":\(simulation.random.next())}".utf8),
        timestamp: simulation.clock.right)
    }
  }

  private var publications: [RollupKey: RollupSums] {
    simulation.rollupsOnTopic().mapValues(\.sums)
  }
}
