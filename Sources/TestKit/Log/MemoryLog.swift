// Safety: `@unchecked Sendable` because a simulated cluster, its clients and whoever drives them
// all live on one thread.

import Cluster
import Kafka

/// A cluster in memory: topics, transactions, consumer groups, compaction. It has no threads; its
/// time, and its failures, are its environment's.
///
/// Committed and aborted transactions leave marks that take an offset, as in Kafka. Readers see
/// committed records only, up to the first transaction that is still open. A producer made with a
/// transactional id that is in use fences the former one and aborts what it had open; a transaction
/// that stays open too long is aborted by the coordinator; a member that stays silent is expelled.
public final class MemoryLog: ArchiveLog, @unchecked Sendable {
  /// How long the cluster waits, in milliseconds of its own time.
  public struct Timeouts: Sendable {
    public var session: Int64 = 30_000
    public var transaction: Int64 = 15_000
    /// Of a client's call.
    public var call: Int64 = 15_000

    public init() {}
  }

  public let timeouts: Timeouts
  public weak var environment: (any LogEnvironment)?
  /// The process that clients are made for.
  public var process = SimulatedProcess("main")
  /// `max.message.bytes` of topics, as ``RecordSize`` counts; others take everything.
  public var recordLimits: [String: Int] = [:]
  /// What clients did that they must not do.
  public internal(set) var violations: [String] = []
  /// Whether a transaction without offsets is one of them: nothing fences it.
  public var wantsOffsets = false

  private var topics: [String: [MemoryPartition]]
  private var groups: [MemoryGroup] = []
  private var producers: [String: MemoryLogProducer] = [:]
  private var openTransactions: [MemoryTransaction] = []
  /// Until when nobody leads a partition, by the cluster's time.
  private var leaderless: [TopicPartition: Int64] = [:]
  /// Answers on their way; each says whether it has come.
  private var answers: [() -> Bool] = []

  /// - Parameter topics: partition counts by name.
  public init(topics: [String: Int], timeouts: Timeouts = Timeouts()) {
    self.topics = topics.mapValues { count in (0..<count).map { _ in MemoryPartition() } }
    self.timeouts = timeouts
  }

  // MARK: Log

  public func makeConsumer(group: String, member: String) throws -> any LogConsumer {
    try enter(.makeConsumer, process)
    return MemoryLogConsumer(self, group: self.group(group), instanceID: member, process: process)
  }

  public func makeProducer(transactionalID: String) throws -> any LogProducer {
    try enter(.makeProducer, process)
    expire()
    if let former = producers[transactionalID] {
      former.fence()
      if let transaction = former.transaction { end(transaction, .aborted) }
    }
    let producer = MemoryLogProducer(self, process: process)
    producers[transactionalID] = producer
    return producer
  }

  public func scan(from starts: [TopicPartition: Int64]) throws -> any LogScan {
    MemoryLogScan(self, from: starts, process: process)
  }

  public func scan(
    from starts: [TopicPartition: Int64], to ends: [TopicPartition: Int64]
  ) throws -> any LogScan {
    MemoryLogScan(self, from: starts, process: process)
  }

  public var prober: any LogProber { MemoryLogProber(self, process: process) }

  public func ends(of partitions: [TopicPartition]) throws -> [TopicPartition: Int64] {
    try enter(.ends, process)
    return Dictionary(uniqueKeysWithValues: partitions.map { ($0, end(of: $0)) })
  }

  public func deleteRecords(before offsets: [TopicPartition: Int64]) throws {
    try enter(.deleteRecords, process)
    for (name, offset) in offsets { partition(name).delete(before: Int(offset)) }
  }

  // MARK: Outside the pipeline

  /// Appends a record outside any transaction, to the partition that its key hashes to.
  public func append(_ topic: String, key: [UInt8], value: [UInt8], timestamp: Int64) {
    key.withUnsafeBytes { key in
      value.withUnsafeBytes { value in
        partition(topic, nil, key: key).append(
          key: key, value: value, timestamp: timestamp, headers: [], transaction: nil)
      }
    }
  }

  /// Appends a record without key to a partition.
  func append(_ name: TopicPartition, value: [UInt8], timestamp: Int64, headers: [Header] = []) {
    value.withUnsafeBytes { value in
      partition(name).append(
        key: nil, value: value, timestamp: timestamp, headers: headers, transaction: nil)
    }
  }

  /// Appends a record to a partition.
  func append(
    _ name: TopicPartition, key: [UInt8], value: [UInt8], timestamp: Int64, headers: [Header]
  ) {
    key.withUnsafeBytes { key in
      value.withUnsafeBytes { value in
        partition(name).append(
          key: key, value: value, timestamp: timestamp, headers: headers, transaction: nil)
      }
    }
  }

  public func partitionCount(of topic: String) -> Int { topics[topic]?.count ?? 0 }

  public func starts(of partitions: [TopicPartition]) -> [TopicPartition: Int64] {
    Dictionary(
      uniqueKeysWithValues: partitions.map { name in
        let partition = partition(name)
        return (name, Int64(partition.start))
      })
  }

  public func offsets(
    of partitions: [TopicPartition], atOrAfter time: Int64
  ) -> [TopicPartition: Int64] {
    Dictionary(
      uniqueKeysWithValues: partitions.map { name in
        let partition = partition(name)
        let first = partition.records.first { $0.timestamp >= time }
        return (name, Int64(first?.offset ?? partition.end))
      })
  }

  public func makeCompactedTopic(_ name: String) {
    if topics[name] == nil { topics[name] = [MemoryPartition()] }
  }

  /// Visits the committed records of a partition from `offset` on.
  ///
  /// - Returns: the last stable offset, where reading would go on.
  @discardableResult
  public func forEachRecord(
    of name: TopicPartition, from offset: Int64 = 0, _ body: (Record) throws -> Void
  ) rethrows -> Int64 {
    let partition = self.partition(name)
    let end = partition.stableEnd
    var index = partition.index(of: Int(offset))
    while index < partition.records.count, partition.records[index].offset < end {
      let record = partition.records[index]
      if record.isVisible { try body(record.lent(partition: name.partition)) }
      index += 1
    }
    return Int64(end)
  }

  /// Visits every committed record that a topic has ever held, deleted ones too, partition by partition.
  func forEachRecordEver(of topic: String, _ body: (Record) throws -> Void) rethrows {
    for number in 0..<Int32(partitionCount(of: topic)) {
      try forEachRecordEver(of: TopicPartition(topic: topic, partition: number), body)
    }
  }

  /// As the other, of one partition.
  func forEachRecordEver(of name: TopicPartition, _ body: (Record) throws -> Void) rethrows {
    for record in partition(name).deleted where record.isVisible {
      try body(record.lent(partition: name.partition))
    }
    try forEachRecord(of: name, body)
  }

  /// Visits every committed record of a topic, partition by partition.
  public func forEachRecord(of topic: String, _ body: (Record) throws -> Void) rethrows {
    for number in 0..<Int32(partitionCount(of: topic)) {
      try forEachRecord(of: TopicPartition(topic: topic, partition: number), body)
    }
  }

  /// The number of committed records of a topic that no later one of the same key replaces and that
  /// are not tombstones: what compaction would leave.
  public func liveRecordCount(of topic: String) -> Int {
    var live: Set<[UInt8]> = []
    forEachRecord(of: topic) { record in
      guard let key = record.key else { return }
      if record.value == nil { live.remove(Array(key)) } else { live.insert(Array(key)) }
    }
    return live.count
  }

  /// Compacts one partition, as far as it is decided.
  public func compact(_ name: TopicPartition, before offset: Int64, dropsTombstones: Bool) {
    partition(name).compact(before: Int(offset), dropsTombstones: dropsTombstones)
  }

  /// Where a partition ends, open transactions included.
  public func end(of name: TopicPartition) -> Int64 { Int64(partition(name).end) }

  /// Takes a partition's leader away for a while: it is neither read nor asked about.
  public func removeLeader(of name: TopicPartition, milliseconds: Int64) {
    leaderless[name] = time + milliseconds
  }

  /// Ends a transaction of a partition's producer: a control record takes an offset.
  public func appendMark(to name: TopicPartition) { partition(name).appendMark() }

  func hasLeader(_ name: TopicPartition) -> Bool { leaderless[name].map { $0 <= time } ?? true }

  /// Deletes a topic and makes it anew; groups lose what they have committed for it.
  public func makeAnew(_ topic: String, partitions count: Int) {
    topics[topic] = (0..<count).map { _ in MemoryPartition() }
    for group in groups { group.offsets = group.offsets.filter { $0.key.topic != topic } }
  }

  /// Adds partitions to a topic.
  public func grow(_ topic: String, to count: Int) {
    while topics[topic]!.count < count { topics[topic]!.append(MemoryPartition()) }
  }

  /// Forgets what a group has committed, as after a long standstill; or sets it to something else.
  public func setCommitted(_ offset: Int64?, of name: TopicPartition, by group: String) {
    self.group(group).offsets[name] = offset
  }

  /// The offset that a group has committed; nil for none.
  public func committed(_ name: TopicPartition, by group: String) -> Int64? {
    self.group(group).offsets[name]
  }

  /// Whether a group has so many members, they agree, and each knows what it owns.
  public func isSettled(_ group: String, members: Int) -> Bool {
    let group = self.group(group)
    return group.members.count == members && !group.isRebalancing
      && group.members.allSatisfy { $0.toldGeneration == group.generation }
  }

  public var openTransactionCount: Int { openTransactions.count }

  /// Ends what has outlived its timeout by now.
  public func expire() {
    for transaction in openTransactions {
      if let lands = transaction.lands, lands <= time {
        note(.landedLate)
        end(transaction, .committed)
      } else if time - transaction.began! >= timeouts.transaction {
        note(.expired)
        transaction.producer?.fence()
        end(transaction, .aborted)
      }
    }
    for group in groups { group.expel(silentSince: time - timeouts.session) }
    let waiting = answers
    answers = []
    answers = waiting.filter { !$0() } + answers
  }

  /// Answers a question as soon as it can be answered, and not before its time.
  func answer(_ isReady: @escaping () -> Bool) {
    let due = time + (environment?.answerDelay() ?? 0)
    let answer = { [unowned self] in time >= due && isReady() }
    if !answer() { answers.append(answer) }
  }

  // MARK: For clients

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
