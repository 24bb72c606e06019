import Cluster
import Kafka

/// A transactional producer of a cluster in memory.
///
/// After an error it behaves as librdkafka's does: one that is fenced or has failed fatally refuses
/// everything, one that requires an abort refuses everything else, and one whose call has timed out
/// must be abandoned: using it is noted as a violation.
final class MemoryLogProducer: LogProducer {
  private enum Condition { case sound, mustAbort, timedOut, fatal }

  private unowned let log: MemoryLog
  private let process: SimulatedProcess
  private var condition = Condition.sound
  private var isFenced = false
  private(set) var transaction: MemoryTransaction?

  init(_ log: MemoryLog, process: SimulatedProcess) {
    self.log = log
    self.process = process
  }

  func begin() throws {
    try perform(.begin) { transaction = MemoryTransaction(self) }
  }

  func produce(
    _ topic: String, partition: Int32?, key: UnsafeRawBufferPointer?,
    value: UnsafeRawBufferPointer?, timestamp: Int64?, headers: [Header]
  ) throws {
    try perform(.produce) {
      let transaction = try running(.produce)
      if let limit = log.recordLimits[topic],
        RecordSize.bytes(key: key?.count ?? 0, value: value?.count ?? 0, headers: headers) > limit
      {
        transaction.refusal =
          transaction.refusal ?? OperatorError.recordTooLarge(topic, limit: limit)
        return
      }
      let target = log.partition(topic, partition, key: key)
      transaction.touch(target)
      target.append(
        key: key, value: value, timestamp: timestamp ?? log.wallTime, headers: headers,
        transaction: transaction)
    }
  }

  func sendOffsets(_ offsets: [TopicPartition: Int64], of consumer: any LogConsumer) throws {
    guard let consumer = consumer as? MemoryLogConsumer else {
      preconditionFailure("offsets of another log's consumer")
    }
    guard !offsets.isEmpty else { return }
    try perform(.sendOffsets, then: .sentOffsets) {
      let transaction = try running(.sendOffsets)
      guard consumer.isCurrent else { throw LogFault.notAMember(at: .sendOffsets) }
      transaction.add(offsets, of: consumer.group)
    }
  }

  func commit() throws {
    try perform(.commit, then: .committed) {
      let transaction = try running(.commit)
      if log.wantsOffsets && transaction.offsets.isEmpty {
        log.violations.append("\(process.name): a commit without offsets, which nothing fences")
      }
      if let refusal = transaction.refusal { throw refusal }
      log.end(transaction, .committed)
      self.transaction = nil
    }
  }

  func abort() throws {
    try perform(.abort, then: .aborted) {
      if let transaction { log.end(transaction, .aborted) }
      transaction = nil
      condition = .sound
    }
  }

  func close() {}

  /// Ends this producer for good: a newer one has its id, or its transaction has expired.
  func fence() { isFenced = true }

  /// The open transaction, made known to its coordinator.
  private func running(_ call: LogCall) throws -> MemoryTransaction {
    guard let transaction else { throw LogFault.state(at: call) }
    log.open(transaction)
    return transaction
  }

  private func perform(_ call: LogCall, then done: LogCall? = nil, _ body: () throws -> Void) throws
  {
    try process.check()
    try refuse(call)
    do {
      try log.enter(call, process)
      // What went on meanwhile may have fenced it.
      try refuse(call)
      try body()
      if let done { try log.enter(done, process) }
    } catch let error as KafkaError {
      note(error, at: call)
      throw error
    }
  }

  private func refuse(_ call: LogCall) throws {
    if isFenced { throw LogFault.fenced(at: call) }
    switch condition {
    case .sound: break
    case .mustAbort where call == .abort: break
    case .mustAbort: throw LogFault.error(.abortTransaction, at: call)
    case .fatal: throw LogFault.error(.rebuildClient, at: call)
    case .timedOut:
      if call != .abort { log.violations.append("\(process.name): \(call) after a timeout") }
      throw LogFault.state(at: call)
    }
  }

  private func note(_ error: KafkaError, at call: LogCall) {
    switch error.recovery {
    case .rebuildClient: condition = .fatal
    case .renewProducer:
      condition = .timedOut
      if call == .commit, let transaction, let delay = log.landingDelay() {
        transaction.lands = log.time + delay
      }
    case .abortTransaction: if transaction != nil { condition = .mustAbort }
    case .retry, .unspecified: break
    }
  }
}
