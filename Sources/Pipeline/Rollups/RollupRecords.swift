import Attribution
import Cluster
import Codec
import Kafka

// Safety: keys and values are lent to the producer, which copies them before it returns.

/// Writes the rollups of one partition as records. A struct with both writers, so that a whole commit is
/// one access to it.
struct RollupRecords: ~Copyable {
  private let topic: String
  private let partition: Int32
  private var key: RollupKeyWriter
  private var value: RollupWriter

  /// - Parameter schema: the number of the Avro schema of rollups; nil for JSON.
  init(topic: String, partition: Int32, definitions: Definitions, schema: Int32? = nil) {
    self.topic = topic
    self.partition = partition
    key = RollupKeyWriter(views: definitions.views)
    value = RollupWriter(definitions: definitions, schema: schema)
  }

  /// Sends every changed rollup.
  ///
  /// - Parameter note: is told of each before it is sent.
  mutating func send(
    changesOf table: RollupTable, to producer: any LogProducer, _ note: (RollupRevision) -> Void
  ) throws {
    try table.publish { rollup in
      note(rollup)
      key.write(view: rollup.view, names: rollup.names, windowStart: rollup.windowStart)
      value.write(rollup)
      try producer.produce(
        topic, partition: partition, key: key.bytes, value: value.bytes, timestamp: nil,
        headers: [])
    }
  }

  /// The number of the view whose keys begin with `name`, a part of a key; nil if there is none.
  func view(named name: BorrowedBytes) -> Int? { key.view(named: name) }
}
