import Cluster
import Kafka

/// What the clients of the cluster ask of it.
extension MemoryLog {
  var time: Int64 { environment?.clusterTime ?? 0 }
  var wallTime: Int64 { environment?.brokerClock ?? 0 }
  func note(_ event: ClusterEvent) { environment?.note(event) }
  func landingDelay() -> Int64? { environment?.landingDelay() }

  func find(_ name: TopicPartition) -> MemoryPartition? {
    guard let partitions = topics[name.topic], name.partition < partitions.count else { return nil }
    return partitions[Int(name.partition)]
  }

  func partition(_ name: TopicPartition) -> MemoryPartition {
    topics[name.topic]![Int(name.partition)]
  }

  func partition(
    _ topic: String, _ number: Int32?, key: UnsafeRawBufferPointer?
  ) -> MemoryPartition {
    let partitions = topics[topic]!
    let count = Int32(partitions.count)
    return partitions[
      Int(number ?? key.map { StandardPartitioner.partition(key: $0, count: count) } ?? 0)]
  }

  /// Where a call of a client begins: what its environment has in store for it happens here.
  func enter(_ call: LogCall, _ process: SimulatedProcess) throws {
    try process.check()
    try environment?.meet(call, of: process)
    try process.check()
  }

  /// Waits until `condition` holds; times out when it does not in time.
  func wait(
    _ process: SimulatedProcess, _ call: LogCall, timeout: Int64, until condition: () -> Bool
  ) throws {
    let deadline = time + timeout
    while !condition() {
      guard let environment, time < deadline else { throw LogFault.error(.renewProducer, at: call) }
      environment.pass(milliseconds: 50)
      try process.check()
    }
  }

  func isCommitPending(of group: MemoryGroup, _ partitions: [TopicPartition]) -> Bool {
    openTransactions.contains { transaction in
      transaction.offsets.contains { pending in
        pending.group === group && partitions.contains { pending.offsets[$0] != nil }
      }
    }
  }

  func open(_ transaction: MemoryTransaction) {
    guard transaction.began == nil else { return }
    transaction.began = time
    openTransactions.append(transaction)
  }

  func end(_ transaction: MemoryTransaction, _ outcome: MemoryTransaction.Outcome) {
    guard transaction.outcome == .open else { return }
    openTransactions.removeAll { $0 === transaction }
    transaction.end(outcome)
    note(outcome == .committed ? .committed : .aborted)
  }

  func group(_ name: String) -> MemoryGroup {
    if let found = groups.first(where: { $0.name == name }) { return found }
    let group = MemoryGroup(name) { [unowned self] event in note(event) }
    groups.append(group)
    return group
  }
}
