import Kafka
import Pipeline

/// A transactional producer of a cluster in memory.
final class MemoryLogProducer: LogProducer {
  private unowned let log: MemoryLog
  private var transaction: MemoryTransaction?
  private var isFenced = false

  init(_ log: MemoryLog) { self.log = log }

  func begin() throws {
    try step(.begin)
    transaction = MemoryTransaction()
  }

  func produce(
    _ topic: String, partition: Int32?, key: UnsafeRawBufferPointer?,
    value: UnsafeRawBufferPointer?, timestamp: Int64?, headers: [Header]
  ) throws {
    try step(.produce)
    guard let transaction else { throw PipelineError("produce outside a transaction") }
    let count = Int32(log.partitions[topic]!.count)
    let number =
      partition ?? key.map { StandardPartitioner.partition(key: $0, count: count) } ?? 0
    transaction.touched.insert(TopicPartition(topic: topic, partition: number))
    log.partitions[topic]![Int(number)].append(
      MemoryLog.Entry(
        key: key.map { Array($0) }, value: value.map { Array($0) }, timestamp: timestamp ?? 0,
        headers: headers, transaction: transaction))
  }

  func sendOffsets(_ offsets: [TopicPartition: Int64], of consumer: any LogConsumer) throws {
    try step(.sendOffsets)
    guard let consumer = consumer as? MemoryLogConsumer, let transaction else {
      throw PipelineError("offsets outside a transaction")
    }
    guard consumer.generation == log.groups[consumer.group]!.generation else {
      throw KafkaFault.staleGeneration
    }
    transaction.offsets.append((consumer.group, offsets))
  }

  func commit() throws {
    try step(.commit)
    end(.committed)
    try step(.committed)
  }

  func abort() throws {
    try step(.abort)
    end(.aborted)
  }

  func close() {}

  /// Ends this producer for good: a newer one has its id.
  func fence() throws {
    end(.aborted)
    isFenced = true
  }

  private func step(_ step: MemoryLog.Step) throws {
    if isFenced { throw KafkaFault.fenced }
    try log.onStep?(step)
  }

  private func end(_ outcome: MemoryTransaction.Outcome) {
    guard let transaction else { return }
    transaction.outcome = outcome
    for partition in transaction.touched {
      log.partitions[partition.topic]![Int(partition.partition)].append(
        MemoryLog.Entry(timestamp: 0, headers: [], isMark: true))
    }
    if outcome == .committed {
      for (group, offsets) in transaction.offsets {
        log.groups[group]!.offsets.merge(offsets) { $1 }
      }
    }
    self.transaction = nil
  }
}

/// Faults that a simulated cluster answers with.
public enum KafkaFault: Error, Sendable {
  case fenced
  case staleGeneration
  /// For tests to throw from `MemoryLog.onStep`.
  case injected
}
