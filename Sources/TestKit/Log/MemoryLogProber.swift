// Safety: `@unchecked Sendable` because a simulated cluster, its clients and whoever drives them all live on one
// thread.

import Cluster
import Kafka

/// Answers questions about a cluster in memory: at once, or as late as its environment wants.
final class MemoryLogProber: LogProber, @unchecked Sendable {
  private let log: MemoryLog
  private let process: SimulatedProcess

  init(_ log: MemoryLog, process: SimulatedProcess) {
    self.log = log
    self.process = process
  }

  func bounds(
    of partitions: [TopicPartition]
  ) -> PendingAnswer<[TopicPartition: Result<LogBounds, any Error>]> {
    ask(
      .askBounds, timeout: 0, when: { true },
      { [log] in
        var found: [TopicPartition: Result<LogBounds, any Error>] = [:]
        for name in partitions {
          guard log.hasLeader(name), let partition = log.find(name) else {
            found[name] = .failure(LogFault.error(.renewProducer, at: .askBounds))
            continue
          }
          found[name] = .success(
            LogBounds(
              start: Int64(partition.start), stableEnd: Int64(partition.stableEnd),
              end: Int64(partition.end)))
        }
        return found
      })
  }

  /// Waits, as a broker has it, while a transaction is open that may commit other offsets.
  func committed(
    _ partitions: [TopicPartition], by name: String
  ) -> PendingAnswer<[TopicPartition: Int64]> {
    let group = log.group(name)
    return ask(
      .askCommitted, timeout: log.timeouts.call,
      when: { [log] in !log.isCommitPending(of: group, partitions) },
      { group.offsets.filter { partitions.contains($0.key) } })
  }

  func record(
    atOrAfter offset: Int64, of name: TopicPartition
  ) -> PendingAnswer<RecordFingerprint?> {
    ask(
      .askRecord, timeout: log.timeouts.call, when: { [log] in log.hasLeader(name) },
      { [log] in
        let partition = log.partition(name)
        var index = partition.index(of: Int(offset))
        while index < partition.records.count, partition.records[index].offset < partition.stableEnd
        {
          let record = partition.records[index]
          if record.isVisible { return RecordFingerprint(record.lent(partition: name.partition)) }
          index += 1
        }
        return nil
      })
  }

  func deleteRecords(before offsets: [TopicPartition: Int64]) -> PendingAnswer<Void> {
    PendingAnswer(Result { try log.deleteRecords(before: offsets) })
  }

  private func ask<Value: Sendable>(
    _ call: LogCall, timeout: Int64, when isReady: @escaping () -> Bool,
    _ body: @escaping () -> Value
  ) -> PendingAnswer<Value> {
    let pending = PendingAnswer<Value>()
    do { try log.enter(call, process) } catch {
      pending.resolve(.failure(error))
      return pending
    }
    let deadline = log.time + timeout
    log.answer { [log] in
      guard isReady() else {
        guard timeout > 0, log.time >= deadline else { return false }
        pending.resolve(.failure(LogFault.error(.renewProducer, at: call)))
        return true
      }
      pending.resolve(.success(body()))
      return true
    }
    return pending
  }
}
