import Cluster
import Kafka

/// What a test does to the cluster from outside.
extension MemoryLog {
  public func deleteRecords(before offsets: [TopicPartition: Int64]) throws {
    try enter(.deleteRecords, process)
    for (name, offset) in offsets { partition(name).delete(before: Int(offset)) }
  }

  /// Compacts one partition, as far as it is decided.
  public func compact(_ name: TopicPartition, before offset: Int64, dropsTombstones: Bool) {
    partition(name).compact(before: Int(offset), dropsTombstones: dropsTombstones)
  }

  /// Takes a partition's leader away for a while: it is neither read nor asked about.
  public func removeLeader(of name: TopicPartition, milliseconds: Int64) {
    leaderless[name] = time + milliseconds
  }

  /// Ends a transaction of a partition's producer: a control record takes an offset.
  public func appendMark(to name: TopicPartition) { partition(name).appendMark() }

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
}
