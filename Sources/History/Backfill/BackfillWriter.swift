import Attribution
import Cluster
import Codec
import Configuration
import Kafka
import Pipeline

/// Publishes what a backfill has found, one transaction per slice: signed deltas, attributions, late events that
/// count now (for the deduped stream), and the note that they no longer wait.
final class BackfillWriter {
  private let configuration: Configuration
  private let plan: TopicPlan
  private let producer: any LogProducer

  /// Ends the transaction that an earlier backfill has left open, and fences one that still runs.
  init(_ configuration: Configuration, _ plan: TopicPlan, to log: any ArchiveLog) throws {
    self.configuration = configuration
    self.plan = plan
    try log.makeCompactedTopic(configuration.backfillsTopic)
    producer = try log.makeProducer(transactionalID: "\(configuration.applicationID)-backfill")
  }

  /// - Parameter note: writes what the ledger says of the slice, in the same transaction.
  func write(
    _ changes: [BackfillComparison.WindowChange], _ attributions: [ChangedAttribution],
    _ counted: [CountedLateEvents.Entry], _ note: (any LogProducer) throws -> Void
  ) throws {
    try producer.begin()
    for change in changes { try send(change) }
    for attribution in attributions {
      try send(attribution.id, attribution.value, to: configuration.topics.attributions, nil)
    }
    for event in counted { try send(event.key, event.value, to: event.topic, nil) }
    try note(producer)
    try producer.commit()
  }

  func close() { producer.close() }

  private func send(_ change: BackfillComparison.WindowChange) throws {
    var batch = DeltaBatch(views: configuration.definitions.views)
    let partition = change.window.key.withUnsafeBytes { key in
      // The key is our own spelling.
      let names = RollupKeyCodec.split(key)!.names
      RollupSums.forEachPart(of: change.delta) {
        batch.append(
          $0, to: names, view: change.window.view, windowStart: change.window.start)
      }
      return StandardPartitioner.partition(key: key, count: plan.rollupPartitions)
    }
    let value = batch.withValue { Array($0) }
    try send(DeltaWire.batchKey, value, to: configuration.deltasTopic, partition)
  }

  private func send(
    _ key: [UInt8], _ value: [UInt8], to topic: String, _ partition: Int32?
  ) throws {
    try key.withUnsafeBytes { key in
      try value.withUnsafeBytes { value in
        try producer.produce(
          topic, partition: partition, key: key, value: value, timestamp: nil, headers: [])
      }
    }
  }
}
