// Safety: `@unchecked Sendable` because each reader belongs to the one thread that runs it.

import Attribution
import Cluster
import Codec
import Configuration
import Foundation
import Kafka
import Logging
import Synchronization

/// What the processor is measured by: a bare batch consumer over the same topics.
///
/// It reads every record to the topics' ends in batches, outside any group, with librdkafka's own
/// settings, but that a fetch waits no longer than the processor's where nothing comes; it counts them, and
/// decodes them if asked to. Nothing is kept and nothing written.
public struct Baseline {
  private let configuration: Configuration
  private let decodes: Bool
  private let logger: Logger

  public init(_ configuration: Configuration, decodes: Bool, logger: Logger) {
    self.configuration = configuration
    self.decodes = decodes
    self.logger = logger
  }

  /// Reads everything; returns the number of records.
  ///
  /// - Parameter threads: each has a consumer and its share of the partitions.
  public func run(threads: Int) throws -> Int {
    let plan = try Preflight(configuration, logger: logger).plan()
    let readers = (0..<threads).map { thread in
      Reader(
        configuration, decodes: decodes, logger: logger,
        partitions: plan.inputTopics.flatMap { topic in
          (0..<plan.taskCount).filter { Int($0) % threads == thread }.map {
            (topic.kinds[0], TopicPartition(topic: topic.name, partition: $0))
          }
        })
    }
    let total = Mutex(0)
    let failure = Mutex<(any Error)?>(nil)
    DispatchQueue.concurrentPerform(iterations: threads) { thread in
      do {
        let count = try readers[thread].run()
        total.withLock { $0 += count }
      } catch {
        failure.withLock { $0 = error }
      }
    }
    if let failure = failure.withLock({ $0 }) { throw failure }
    return total.withLock { $0 }
  }

  /// One thread's consumer.
  private final class Reader: @unchecked Sendable {
    private static let batchSize = 4_096

    private let configuration: Configuration
    private let decodes: Bool
    private let logger: Logger
    private let partitions: [(kind: EventKind, name: TopicPartition)]
    private let batch = RecordBatch(capacity: batchSize)

    init(
      _ configuration: Configuration, decodes: Bool, logger: Logger,
      partitions: [(EventKind, TopicPartition)]
    ) {
      self.configuration = configuration
      self.decodes = decodes
      self.logger = logger
      self.partitions = partitions
    }

    func run() throws -> Int {
      var settings = ClientSettings.common(configuration)
      settings["enable.partition.eof"] = "true"
      // The local broker answers with a whole partition.
      settings["receive.message.max.bytes"] = "1000000000"
      settings["fetch.wait.max.ms"] = ClientSettings.fetchWait
      let consumer = try Consumer(settings, logger: logger)
      defer { consumer.close(timeoutMilliseconds: 0) }
      try consumer.assign(partitions.map { ($0.name, offset: LogicalOffset.beginning) })
      var open = partitions.map { kind, name in
        (kind: kind, queue: consumer.queue(for: name)!)
      }
      var decoders = Decoders(configuration.definitions)
      var event = Event(kind: .click, time: 0, eventID: .empty, userID: .empty)
      var total = 0
      while !open.isEmpty {
        try consumer.poll()
        var taken = 0
        for index in open.indices.reversed() {
          let (kind, queue) = open[index]
          let count = try queue.read(into: batch)
          taken += count
          if decodes {
            decoders.recycle()
            for record in batch {
              guard let value = record.value else { continue }
              _ = decoders.decode(LentRecord(kind: kind, value: value), into: &event)
            }
          }
          if batch.endOffset != nil { open.remove(at: index) }
        }
        total += taken
        if taken == 0, !open.isEmpty { consumer.wait(timeoutMilliseconds: 100) }
      }
      batch.release()
      return total
    }
  }
}
