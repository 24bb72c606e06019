import Attribution
import Cluster
import Codec
import Configuration
import Inputs
import Kafka

// Safety: keys, values and names are lent for one call.

/// Reads the rollups of a partition back from their topic.
struct RollupRestorer: ~Copyable {
  /// The partition of the rollups.
  let target: TopicPartition
  /// How far the deltas had been added, as the topic says; nil where it says nothing.
  private(set) var position: Int64?
  /// What the topic says beside its rollups; nil where it says nothing.
  private(set) var progress: PublishedProgress?
  /// What the progress record says to a successor.
  private(set) var header: [UInt8]?

  private let codec: RollupCodec
  /// What is published may be Avro.
  private let forms: PublishedForms
  private let views: [View]
  private let fingerprint: DefinitionsFingerprint
  private let keys: RollupKeyWriter
  /// What was found so far.
  private var found: FoundRollups?

  init(_ target: TopicPartition, _ configuration: Configuration, _ forms: PublishedForms) {
    self.target = target
    self.forms = forms
    views = configuration.definitions.views
    codec = RollupCodec(definitions: configuration.definitions)
    fingerprint = ProgressHeader.fingerprint(of: configuration)
    keys = RollupKeyWriter(views: views)
  }

  /// Bytes of rollups that have been read back and are not in their places yet.
  var byteCount: Int { found?.byteCount ?? 0 }

  /// Takes the next record of the topic's partition: what can still change is kept.
  mutating func take(_ record: Record, for table: RollupTable) throws {
    guard let key = record.key, let value = record.value else { return }
    if ProgressCodec.decodeKey(key) == target.partition {
      guard let header = ProgressHeader.content(of: record) else { return }
      self.header = header
      let (position, finalThrough, tasks) = try header.withUnsafeBytes {
        try ProgressHeader.decode($0, fingerprint: fingerprint, topic: target.topic)
      }
      progress = try forms.progress(value)
      table.restore(finalThrough: finalThrough, tasks: tasks)
      self.position = position
    } else if let rollup = find(key) {
      var rollups = found ?? FoundRollups(codec, forms)
      found = nil
      try rollups.add(key, value, windowEnd: rollup.windowEnd, forgettable: table.forgettable(at:))
      found = rollups
    }
  }

  /// Everything has been taken: puts the rollups in their places.
  mutating func place(into table: RollupTable) throws {
    let rollups = found
    found = nil
    try rollups?.visit { try restore($0, $1, into: table) }
  }

  /// Loads back everything from a window that has left memory on.
  ///
  /// - Parameter windowEnd: where that window ends.
  func reload(from windowEnd: Milliseconds, into table: RollupTable, from log: any Log) throws {
    table.prepareReload(endingAfter: windowEnd - 1)
    try log.readThrough(target) { record in
      guard let key = record.key, let value = record.value else { return }
      try restore(key, value, into: table)
    }
  }

  private func restore(
    _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, into table: RollupTable
  ) throws {
    guard let found = find(key), !table.hasForgotten(windowEnd: found.windowEnd) else { return }
    let rollup = try forms.rollup(value, codec)
    rollup.sums.withRow { sums, wideSums in
      table.restore(
        RollupRevision(
          view: found.view, windowStart: found.windowStart, windowEnd: found.windowEnd,
          names: found.names, sums: sums, wideSums: wideSums, isFinal: rollup.isFinal,
          number: rollup.revision))
    }
  }

  /// Which rollup a record of the rollups topic is; nil for what is none, or of no view that there is.
  private func find(
    _ key: UnsafeRawBufferPointer
  ) -> (view: Int, names: BorrowedBytes, windowStart: Milliseconds, windowEnd: Milliseconds)? {
    guard key.first != UInt8(ascii: "@"), let parts = RollupKeyCodec.split(key),
      let view = keys.view(named: parts.view)
    else { return nil }
    return (
      view, parts.names, parts.windowStart, parts.windowStart + views[view].periodMilliseconds
    )
  }
}
