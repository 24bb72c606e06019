import Attribution
import Kafka

/// The changelog of one task: what it remembers, in the state topic, in the same transactions.
///
/// Records are keyed `<name>|<event-time bucket>|<serial>` and never overwritten; when a bucket is
/// forgotten its records are tombstoned, so that the compacted topic follows the live state. One
/// record, `<name>|progress`, holds the watermark and the serial and is written with every commit.
final class Changelog {
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

  init(name: String, topic: String, partition: Int32) {
    self.name = name
    self.topic = topic
    self.partition = partition
  }

  // MARK: Writing

  /// Remembers an accepted event.
  func append(_ event: Event, bucket: UInt64) {
    withChunk(bucket) { $0.append(event) }
  }

  /// Remembers that a conversion's attribution was published again.
  func append(revisionOf conversion: CreditedConversion, bucket: UInt64) {
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
  func flush(
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
    try produce(Array("\(name)|progress".utf8), encode(progress, fingerprint), to: producer)
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
    bytes.append(integer: progress.kept.time)
    for kind in EventKind.allCases { bytes.append(integer: progress[kind].largest.time) }
    return bytes
  }

  // MARK: Restoring

  /// Brings `task` back to the state of the last commit.
  ///
  /// - Returns: the number of entries restored.
  func restore(_ task: AttributionTask, from log: any Log) throws -> Int {
    var records: [(serial: UInt64, bucket: UInt64, value: [UInt8])?] = []
    var positions: [UInt64: Int] = [:]
    var progress: [UInt8]?
    let prefix = Array("\(name)|".utf8)
    try log.readThrough(TopicPartition(topic: topic, partition: partition)) { record in
      guard let key = record.key, key.starts(with: prefix) else { return }
      let parts = String(decoding: key.dropFirst(prefix.count), as: UTF8.self).split(separator: "|")
      if parts == ["progress"] {
        progress = record.value.map { Array($0) }
      } else if parts.count == 2, let bucket = UInt64(parts[0]), let serial = UInt64(parts[1]) {
        if let position = positions[serial] { records[position] = nil }
        guard let value = record.value else { return }
        positions[serial] = records.count
        records.append((serial, bucket, Array(value)))
      }
    }
    guard let progress else { return 0 }
    try progress.withUnsafeBytes { try decode($0, into: task) }
    var count = 0
    for case let record? in records.sorted(by: { ($0?.serial ?? 0) < ($1?.serial ?? 0) }) {
      serials[record.bucket, default: []].append(record.serial)
      guard record.bucket >= task.firstLiveStateBucket else { continue }
      count += try record.value.withUnsafeBytes { try restore($0, into: task) }
    }
    return count
  }

  private func restore(_ value: UnsafeRawBufferPointer, into task: AttributionTask) throws -> Int {
    var count = 0
    try ChangelogChunk.forEachEntry(in: value) { entry in
      count += 1
      switch entry {
      case .event(let event, let userHash):
        task.restore(event, userHash: userHash, revision: 1)
      case .revision(let revision, let conversion, let userHash, let time):
        task.restore(revision: revision, ofConversion: conversion, userHash: userHash, at: time)
      }
    }
    return count
  }

  private func decode(_ value: UnsafeRawBufferPointer, into task: AttributionTask) throws {
    nextSerial = try Changelog.serial(
      ofProgress: value, fingerprint: task.definitions.fingerprint, topic: topic)
    var reader = ByteReader(UnsafeRawBufferPointer(rebasing: value[Changelog.headSize...]))
    guard let watermark: Int64 = reader.integer(),
      let kept: Int64 = reader.integer()
    else { throw Changelog.unknownFormat(topic) }
    var largest: [EventKind: Watermark] = [:]
    for kind in EventKind.allCases {
      largest[kind] = reader.integer(Int64.self).map(Watermark.init)
    }
    task.restore(watermark: Watermark(watermark), kept: Watermark(kept), largest: largest)
  }

  // MARK: Owner

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
    guard let version: UInt8 = reader.integer(), version == ChangelogChunk.version,
      let found: UInt64 = reader.integer(), let serial: UInt64 = reader.integer()
    else { throw unknownFormat(topic) }
    guard found == fingerprint else { throw PipelineError.otherDefinitions(topic) }
    return serial
  }

  private static func unknownFormat(_ topic: String) -> PipelineError {
    PipelineError(
      "the progress record in \(topic) has an unknown format; run the version that wrote it, or start "
        + "again with `tributary reset`")
  }
}
