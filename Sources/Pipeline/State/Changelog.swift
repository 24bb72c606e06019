import Attribution
import Kafka

/// The changelog of one task: what it remembers, in the state topic, in the same transactions.
///
/// Records are keyed `<name>|<event-time bucket>|<serial>` and never overwritten; when a bucket is
/// forgotten its records are tombstoned, so that the compacted topic follows the live state. One
/// record, `<name>|progress`, holds the watermark and the serial and is written with every commit.
package final class Changelog {
  /// Closes a record before it outgrows what brokers accept (1 MB by default).
  static let largestRecord = 512 << 10

  private let name: String
  private let topic: String
  private let partition: Int32
  private var chunks: [UInt64: ChangelogChunk] = [:]
  private var spare: [ChangelogChunk] = []
  private var full: [(key: [UInt8], value: [UInt8])] = []
  /// Serials of the records in the topic, by bucket.
  private var serials: [UInt64: [UInt64]] = [:]
  private var nextSerial: UInt64 = 0

  package init(name: String, topic: String, partition: Int32) {
    self.name = name
    self.topic = topic
    self.partition = partition
  }

  // MARK: Writing

  /// Remembers an accepted event.
  package func append(_ event: Event, _ identity: EventIdentity, bucket: UInt64) {
    withChunk(bucket) { $0.append(event, identity) }
  }

  /// Remembers that a conversion's attribution was published again.
  package func append(revisionOf conversion: CreditedConversion, bucket: UInt64) {
    withChunk(bucket) { $0.append(revisionOf: conversion) }
  }

  private func withChunk(_ bucket: UInt64, _ body: (inout ChangelogChunk) -> Void) {
    if chunks[bucket] == nil { chunks[bucket] = spare.popLast() ?? ChangelogChunk() }
    body(&chunks[bucket]!)
    if chunks[bucket]!.bytes.count >= Changelog.largestRecord {
      full.append(close(bucket, chunks[bucket]!))
      chunks[bucket]!.removeAll()
    }
  }

  private func close(_ bucket: UInt64, _ chunk: ChangelogChunk) -> (key: [UInt8], value: [UInt8]) {
    let serial = nextSerial
    nextSerial += 1
    serials[bucket, default: []].append(serial)
    return (key(bucket, serial), chunk.bytes)
  }

  /// Writes what has been remembered since the last flush, the task's progress, and tombstones for
  /// the buckets before `firstLive`.
  package func flush(
    _ progress: TaskProgress, fingerprint: UInt64, firstLive: UInt64, to producer: any LogProducer
  ) throws {
    for bucket in chunks.keys.sorted() where !chunks[bucket]!.isEmpty {
      full.append(close(bucket, chunks[bucket]!))
    }
    for var chunk in chunks.values {
      chunk.removeAll()
      spare.append(chunk)
    }
    chunks.removeAll(keepingCapacity: true)
    for record in full { try produce(record.key, record.value, to: producer) }
    full.removeAll(keepingCapacity: true)
    for bucket in serials.keys.filter({ $0 < firstLive }).sorted() {
      for serial in serials.removeValue(forKey: bucket)! {
        try produce(key(bucket, serial), nil, to: producer)
      }
    }
    try produce(Changelog.progressKey(name), encode(progress, fingerprint), to: producer)
  }

  private func key(_ bucket: UInt64, _ serial: UInt64) -> [UInt8] {
    Array("\(name)|\(bucket)|\(serial)".utf8)
  }

  private func produce(_ key: [UInt8], _ value: [UInt8]?, to producer: any LogProducer) throws {
    try key.withUnsafeBytes { key in
      guard let value else {
        try producer.produce(
          topic, partition: partition, key: key, value: nil, timestamp: nil, headers: [])
        return
      }
      try value.withUnsafeBytes { value in
        try producer.produce(
          topic, partition: partition, key: key, value: value, timestamp: nil, headers: [])
      }
    }
  }

  private func encode(_ progress: TaskProgress, _ fingerprint: UInt64) -> [UInt8] {
    var bytes = [ChangelogChunk.version]
    bytes.append(integer: fingerprint)
    bytes.append(integer: nextSerial)
    bytes.append(integer: progress.watermark.time)
    bytes.append(integer: progress.keptAfterCommit.time)
    for kind in EventKind.allCases { bytes.append(integer: progress[kind].largest.time) }
    return bytes
  }

  // MARK: Restoring

  /// Brings tasks of one partition back to the state of the last commit. The partition is read once for
  /// all of them.
  ///
  /// - Returns: the number of entries restored.
  package static func restore(
    _ tasks: [(changelog: Changelog, task: AttributionTask)], of partition: TopicPartition,
    from scan: any LogScan
  ) throws -> Int {
    var live = tasks.map { LiveRecords(name: $0.changelog.name) }
    try scan.readThrough(partition) { record in
      for index in live.indices { live[index].add(record) }
    }
    var count = 0
    for (index, (changelog, task)) in tasks.enumerated() {
      count += try changelog.restore(task, live[index])
    }
    return count
  }

  private func restore(_ task: AttributionTask, _ live: LiveRecords) throws -> Int {
    guard let progress = live.progress else { return 0 }
    try progress.withUnsafeBytes { try decode($0, into: task) }
    var restoration = Restoration(task)
    for record in live.records {
      serials[record.bucket, default: []].append(record.serial)
      guard record.bucket >= task.firstLiveStateBucket else { continue }
      try record.value.withUnsafeBytes { try restoration.add($0, bucket: record.bucket) }
    }
    return restoration.count
  }

  private func decode(_ value: UnsafeRawBufferPointer, into task: AttributionTask) throws {
    nextSerial = try Changelog.serial(
      ofProgress: value, fingerprint: task.definitions.fingerprint, topic: topic)
    var reader = ByteReader(UnsafeRawBufferPointer(rebasing: value[Changelog.headSize...]))
    let watermark: Int64 = reader.integer()
    let kept: Int64 = reader.integer()
    var largest: [EventKind: Watermark] = [:]
    for kind in EventKind.allCases { largest[kind] = Watermark(reader.integer()) }
    guard !reader.isCut else { throw Changelog.unknownFormat(topic) }
    task.restore(watermark: Watermark(watermark), kept: Watermark(kept), largest: largest)
  }

  // MARK: Owner

  /// The mark up to which a task has dropped its state, by its progress record.
  static func kept(
    inProgress value: UnsafeRawBufferPointer, fingerprint: UInt64, topic: String
  ) throws -> Watermark {
    _ = try serial(ofProgress: value, fingerprint: fingerprint, topic: topic)
    var reader = ByteReader(UnsafeRawBufferPointer(rebasing: value[headSize...]))
    _ = reader.integer() as Int64
    let kept: Int64 = reader.integer()
    guard !reader.isCut else { throw unknownFormat(topic) }
    return Watermark(kept)
  }

  static func progressKey(_ name: String) -> [UInt8] { Array("\(name)|progress".utf8) }

  /// Bytes of version, fingerprint and serial, with which a progress record begins.
  private static let headSize = 1 + 8 + 8

  static func isProgress(_ key: UnsafeRawBufferPointer) -> Bool {
    key.suffix(9).elementsEqual("|progress".utf8)
  }

  /// How many records of events a task had written by its progress record. Throws when that is of
  /// another format or other definitions.
  static func serial(
    ofProgress value: UnsafeRawBufferPointer, fingerprint: UInt64, topic: String
  ) throws -> UInt64 {
    var reader = ByteReader(value)
    let version: UInt8 = reader.integer()
    let found: UInt64 = reader.integer()
    let serial: UInt64 = reader.integer()
    guard version == ChangelogChunk.version, !reader.isCut else { throw unknownFormat(topic) }
    guard found == fingerprint else { throw PipelineError.otherDefinitions(topic) }
    return serial
  }

  private static func unknownFormat(_ topic: String) -> PipelineError {
    PipelineError(
      "the progress record in \(topic) has an unknown format; run the version that wrote it, or start "
        + "again with `tributary reset`")
  }
}
