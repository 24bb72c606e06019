import Attribution
import Cluster
import Codec
import Configuration
import Inputs
import Kafka

/// Writes what has changed in a partition's rollups, how far its deltas have been added, and how far finality has
/// come.
struct RollupPublisher: ~Copyable {
  /// What tasks have lost of their inputs.
  var lost: Set<LostRange> = []
  /// Names the content of this partition of the rollups; nil before it has any.
  private(set) var epoch: String?
  /// How far finality had come when it was published last.
  private(set) var publishedFinal: Watermark = .unknown
  /// What the last progress record that was written said to a successor; nil before the first.
  private(set) var lastHeader: [UInt8]?

  private let target: TopicPartition
  private let fingerprint: DefinitionsFingerprint
  private let meter: Meter
  /// The numbers of the Avro schemas; nil for JSON.
  private let schemas: PublishedSchemaIDs?
  private var records: RollupRecords

  init(
    _ target: TopicPartition, _ configuration: Configuration, _ meter: Meter,
    _ schemas: PublishedSchemaIDs?
  ) {
    self.target = target
    self.meter = meter
    self.schemas = schemas
    fingerprint = ProgressHeader.fingerprint(of: configuration)
    records = RollupRecords(
      topic: target.topic, partition: target.partition, definitions: configuration.definitions,
      schema: schemas?.rollup)
  }

  /// Goes on behind what the topic holds.
  ///
  /// - Parameter progress: as the topic says; nil where it holds nothing.
  mutating func restore(
    _ progress: PublishedProgress?, finalThrough: Watermark, makeEpoch: () -> String
  ) {
    lost = Set(progress?.lost ?? [])
    epoch = progress?.epoch ?? makeEpoch()
    publishedFinal = finalThrough
  }

  /// Writes every changed rollup and how far finality has come.
  ///
  /// - Parameter position: how far the deltas have been added.
  mutating func publish(
    changesOf table: RollupTable, position: Int64, to producer: any LogProducer
  ) throws {
    // A window published as final before this commit is restated by it.
    let restated = publishedFinal.isKnown ? publishedFinal.time : .min
    meter.uncommitted.rollupsPublished += table.changedCount
    try records.send(changesOf: table, to: producer) { [meter] rollup in
      guard rollup.windowEnd <= restated else { return }
      let age = table.finalThrough.time - rollup.windowEnd
      meter.uncommitted.restatementAge.observe(Double(age) / 1_000)
    }
    // With every commit: it says how far the deltas have been added.
    try sendProgress(of: table, position: position, to: producer)
    publishedFinal = table.finalThrough
  }

  private mutating func sendProgress(
    of table: RollupTable, position: Int64, to producer: any LogProducer
  ) throws {
    var key: [UInt8] = []
    var value: [UInt8] = []
    ProgressCodec.encodeKey(partition: target.partition, into: &key)
    // Before anything is final, the record still carries the tasks: no window ends this early.
    let progress = PublishedProgress(
      finalThrough: max(table.finalThrough.time, Time.earliest), epoch: epoch,
      lost: lost.sorted { ($0.topic, $0.partition, $0.from) < ($1.topic, $1.partition, $1.from) })
    if let schemas {
      ProgressCodec.encodeAvro(progress, schema: schemas.progress, into: &value)
    } else {
      ProgressCodec.encode(progress, into: &value)
    }
    let content = ProgressHeader.encode(table, position: position, fingerprint: fingerprint)
    lastHeader = content
    let header = Header(name: ProgressHeader.name, value: content)
    try key.withUnsafeBytes { key in
      try value.withUnsafeBytes { value in
        try producer.produce(
          target.topic, partition: target.partition, key: key, value: value,
          timestamp: nil, headers: [header])
      }
    }
  }
}
