import Attribution
import Kafka
import Traffic

extension SimulationRun {
  /// Lets a month go by, and then a day, with an event of each kind in every partition; then all that
  /// was remembered before must have left the changelog.
  ///
  /// - Returns: what is wrong; nil when nothing is.
  func passMonth() throws -> String? {
    let day: Milliseconds = 86_400_000
    for (round, time) in [30 * day, 31 * day].enumerated() {
      // No clock is behind these events.
      simulation.clock.skip(35 * day)
      // Costs hold no finality back, so they may restate: not where nothing is allowed to.
      for kind in EventKind.allCases where kind != .cost || !plan.isPunctual {
        for partition in 0..<Int32(plan.partitions) {
          simulation.append(
            record(kind, in: partition, at: plan.traffic.start + time, "later-\(round)-"))
        }
      }
      moveEverySource(at: plan.traffic.start + time, "later-\(round)-")
      try simulation.runToEnd()
    }
    let live = simulation.log.liveRecordCount(of: simulation.configuration.stateTopic)
    // Two roles with their progress, and what they took in two rounds, in as many commits at most.
    let most = 10 * plan.partitions + 4 * simulation.sourcePartitions.count
    return live <= most ? nil : "\(live) live records of state a month later, not \(most) at most"
  }

  /// Gives every partition that is re-keyed an event: one of which nothing comes holds state back.
  private func moveEverySource(at time: Milliseconds, _ prefix: String) {
    for (number, source) in simulation.sourcePartitions.enumerated() {
      let kinds = simulation.rekeyedTopics.first { $0.name == source.topic }!.kinds
      guard let kind = kinds.first(where: { $0 != .cost || !plan.isPunctual }) else { continue }
      let record = record(kind, in: 0, at: time, "\(prefix)\(number)-")
      simulation.append(
        record, simulation.written(record), toSource: source.topic, partition: source.partition)
    }
  }

  /// A record whose key belongs to a partition.
  func record(
    _ kind: EventKind, in partition: Int32, at time: Milliseconds, _ prefix: String
  ) -> GeneratedRecord {
    let key = (0...).lazy.map { Array("u-\($0)".utf8) }.first { key in
      key.withUnsafeBytes {
        StandardPartitioner.partition(key: $0, count: Int32(plan.partitions)) == partition
      }
    }!
    let name = String(decoding: key, as: UTF8.self)
    let fields =
      switch kind {
      case .impression, .click: "\"user_id\":\"\(name)\",\"campaign_id\":\"c-1\""
      case .conversion: "\"user_id\":\"\(name)\",\"value\":1"
      case .cost: "\"campaign_id\":\"\(name)\",\"amount\":1"
      }
    // No two kinds share an id: touches of one time and id have no order.
    let value = "{\"event_id\":\"\(prefix)\(kind)-\(partition)\",\"event_time\":\(time),\(fields)}"
    return GeneratedRecord(
      kind: kind, key: key, value: Array(value.utf8), timestamp: time, truth: .ordinary)
  }
}
