import Cluster
import Kafka

/// A group member of a cluster in memory.
final class MemoryLogConsumer: LogConsumer {
  let group: MemoryGroup
  private let log: MemoryLog
  private let process: SimulatedProcess
  private let instanceID: String
  private var topics: [String] = []
  private var onRebalance: ((Rebalance) -> Void)?
  private var member: MemoryGroup.Member?
  /// What the owner has been told that it owns, and in which generation.
  private var owned: [TopicPartition] = []
  private var generation = -1
  private var readers: [TopicPartition: MemoryLogReader] = [:]

  init(_ log: MemoryLog, group: MemoryGroup, instanceID: String, process: SimulatedProcess) {
    self.log = log
    self.group = group
    self.instanceID = instanceID
    self.process = process
  }

  /// Whether the group would take offsets from it.
  var isCurrent: Bool {
    guard let member else { return false }
    return group.contains(member) && generation == group.generation
  }

  func subscribe(_ topics: [String], onRebalance: @escaping (Rebalance) -> Void) throws {
    try enter(.subscribe)
    self.topics = topics
    self.onRebalance = onRebalance
  }

  func poll() throws {
    try enter(.poll)
    guard onRebalance != nil else { return }
    guard let member else { return join() }
    if !group.contains(member) {
      if group.isReplaced(member) { throw LogFault.fenced(at: .poll) }
      self.member = nil
      endAssignment(.lost(owned))
    } else if group.isRebalancing {
      guard !member.hasJoined else { return }
      endAssignment(.revoked(owned))
      // Giving up may have taken so long that the group has gone on without it.
      if !process.isDead, group.contains(member) { group.rejoin(member) }
    } else if member.generation > generation {
      generation = member.generation
      member.toldGeneration = generation
      owned = member.assignment
      onRebalance?(.assigned(owned))
    }
    try process.check()
  }

  private func join() {
    let member = MemoryGroup.Member(
      instanceID: instanceID, topics: topics.map { ($0, log.partitionCount(of: $0)) },
      now: log.time)
    self.member = member
    group.join(member)
  }

  private func endAssignment(_ event: Rebalance) {
    for reader in readers.values { reader.close() }
    readers = [:]
    if !owned.isEmpty { onRebalance?(event) }
    owned = []
  }

  func wait(milliseconds: Int32) {}
  var waker: @Sendable () -> Void { {} }

  func reader(
    of partition: TopicPartition, from offset: Int64, end: Int64
  ) throws -> any LogReader {
    try enter(.reader)
    guard owned.contains(partition) else { throw OperatorError("\(partition) is not assigned") }
    let reader = MemoryLogReader(log, partition, start: Int(offset), process: process)
    readers[partition] = reader
    return reader
  }

  /// Waits, as a broker has it, while a transaction is open that may commit other offsets.
  func startOffsets(_ partitions: [TopicPartition]) throws -> [TopicPartition: Int64] {
    try enter(.startOffsets)
    try log.wait(process, .startOffsets, timeout: log.timeouts.call) {
      !self.log.isCommitPending(of: self.group, partitions)
    }
    return Dictionary(
      uniqueKeysWithValues: partitions.map {
        ($0, group.offsets[$0] ?? Int64(log.partition($0).start))
      })
  }

  /// Gives up what it owns. A static member does not say goodbye: its place is kept for a while.
  func close() {
    guard !process.isDead, onRebalance != nil else { return }
    let isMember = member.map { group.contains($0) } ?? false
    endAssignment(isMember ? .revoked(owned) : .lost(owned))
    onRebalance = nil
    if !process.isDead, instanceID.isEmpty, let member { group.leave(member) }
    member = nil
  }

  private func enter(_ call: LogCall) throws {
    try process.check()
    heartbeat()
    try log.enter(call, process)
    heartbeat()
  }

  /// As the client's own thread does it, whatever the member's is about.
  func heartbeat() {
    if let member, group.contains(member) { member.lastHeard = log.time }
  }
}
