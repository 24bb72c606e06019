// Safety: a chunk is allocated when it is opened and freed when nobody needs it any more, or with the
// changelog; from one to the other it is in one of `chunks`, `closed` and `spare`. Through pointers,
// because an object would be retained and released for every event.

import Attribution
import Cluster
import Kafka

/// The changelog of one task: what it remembers, in the state topic, in the same transactions.
///
/// Records are keyed `<name>|<bucket>|<serial>` and never overwritten; when a bucket is
/// forgotten its records are tombstoned, so that the compacted topic follows the live state. One
/// record, `<name>|progress`, holds the watermark, the serial and where the inputs stand, and is written
/// with every commit.
package final class Changelog {
  /// Chunks kept for later records; each may hold a megabyte.
  private static let mostSpare = 2

  private typealias Chunk = UnsafeMutablePointer<ChangelogChunk>

  private let name: String
  private let topic: String
  private let partition: Int32
  /// The bytes at which a record is full.
  private let recordBytes: Int
  private var chunks: [StateBucket: Chunk] = [:]
  private var spare: [Chunk] = []
  private var last: (bucket: StateBucket, chunk: Chunk)?
  private var closed: [(key: [UInt8], chunk: Chunk)] = []
  /// Serials of the records in the topic, by bucket.
  private var serials: [StateBucket: [UInt64]] = [:]
  private var nextSerial: UInt64 = 0
  /// Numbers in `serials`.
  private var serialCount = 0
  /// The last progress record that was written or restored.
  private(set) var lastProgress: [UInt8]?
  /// Whether there have been buckets of impressions alone, which former versions do not know.
  private var hasImpressionBuckets = false

  package init(name: String, topic: String, partition: Int32, recordBytes: Int) {
    self.name = name
    self.topic = topic
    self.partition = partition
    self.recordBytes = recordBytes
  }

  deinit {
    for chunk in chunks.values { free(chunk) }
    for (_, chunk) in closed { free(chunk) }
    for chunk in spare { free(chunk) }
  }

  // MARK: Writing

  /// Remembers an accepted event.
  package func append(
    _ event: UnsafePointer<Event>, _ identity: EventIdentity, _ accepted: AcceptedEvent
  ) {
    let chunk = chunk(accepted.bucket)
    chunk.pointee.append(event, identity, accepted)
    if chunk.pointee.count >= recordBytes { close(accepted.bucket) }
  }

  /// Remembers that a conversion's attribution was published again.
  ///
  /// - Parameter user: the hash of its user's id.
  package func append(
    revisionOf conversion: CreditedConversion, user: Hash128, bucket: StateBucket
  ) {
    let chunk = chunk(bucket)
    chunk.pointee.append(revisionOf: conversion, user: user)
    if chunk.pointee.count >= recordBytes { close(bucket) }
  }

  /// The chunk that takes a bucket's entries. Most go where the one before went.
  @inline(__always)
  private func chunk(_ bucket: StateBucket) -> Chunk {
    if let last, last.bucket == bucket { return last.chunk }
    return open(bucket)
  }

  @inline(never)
  private func open(_ bucket: StateBucket) -> Chunk {
    let chunk = chunks[bucket] ?? spare.popLast() ?? allocate()
    chunks[bucket] = chunk
    last = (bucket, chunk)
    return chunk
  }

  private func allocate() -> Chunk {
    let chunk = Chunk.allocate(capacity: 1)
    chunk.initialize(to: ChangelogChunk())
    return chunk
  }

  private func free(_ chunk: Chunk) {
    chunk.deinitialize(count: 1)
    chunk.deallocate()
  }

  /// Ends the bucket's record.
  private func close(_ bucket: StateBucket) {
    last = nil
    guard let chunk = chunks.removeValue(forKey: bucket) else { return }
    let serial = nextSerial
    nextSerial += 1
    note(serial, in: bucket)
    closed.append((key(bucket, serial), chunk))
  }

  private func note(_ serial: UInt64, in bucket: StateBucket) {
    serials[bucket, default: []].append(serial)
    serialCount += 1
    if bucket.isOfImpressions { hasImpressionBuckets = true }
  }

  /// Bytes held: records that are not written yet, and which ones are in the topic. O(open records).
  var byteCount: Int {
    var bytes = 0
    for chunk in chunks.values { bytes += chunk.pointee.byteCount }
    for (_, chunk) in closed { bytes += chunk.pointee.byteCount }
    for chunk in spare { bytes += chunk.pointee.byteCount }
    // A bucket's array and its place in the dictionary, and its records' numbers.
    return bytes + serials.count * 96 + serialCount * 8
  }

  /// Whether there are records to which nothing will be added.
  var hasFullRecords: Bool { !closed.isEmpty }

  /// Writes the records to which nothing will be added, ahead of the `flush` of their transaction: so there
  /// is little left to send, and to wait for, when it commits.
  func writeFullRecords(to producer: any LogProducer) throws {
    for (key, chunk) in closed { try produce(key, chunk.pointee.bytes, to: producer) }
    for (_, chunk) in closed { recycle(chunk) }
    closed.removeAll(keepingCapacity: true)
  }

  /// Writes what has been remembered since the last flush, the task's progress, and tombstones for
  /// the buckets that are not kept.
  package func flush(
    _ progress: InputProgress, _ checkpoint: TaskCheckpoint = TaskCheckpoint(),
    fingerprint: DefinitionsFingerprint, live: LiveBuckets, to producer: any LogProducer
  ) throws {
    for bucket in chunks.keys.sorted() { close(bucket) }
    try writeFullRecords(to: producer)
    for bucket in serials.keys.filter({ !live.contains($0) }).sorted() {
      let forgotten = serials.removeValue(forKey: bucket)!
      serialCount -= forgotten.count
      for serial in forgotten {
        try produce(key(bucket, serial), nil, to: producer)
      }
    }
    let record = ProgressRecord(
      progress, checkpoint, serial: nextSerial, fingerprint,
      hasImpressionBuckets: hasImpressionBuckets)
    let bytes = record.bytes
    lastProgress = bytes
    try bytes.withUnsafeBytes { try produce(Changelog.progressKey(name), $0, to: producer) }
  }

  /// Keeps a chunk for another record, or frees it.
  private func recycle(_ chunk: Chunk) {
    guard spare.count < Changelog.mostSpare else { return free(chunk) }
    chunk.pointee.removeAll()
    spare.append(chunk)
  }

  private func key(_ bucket: StateBucket, _ serial: UInt64) -> [UInt8] {
    Array("\(name)|\(bucket.number)|\(serial)".utf8)
  }

  private func produce(
    _ key: [UInt8], _ value: UnsafeRawBufferPointer?, to producer: any LogProducer
  ) throws {
    try key.withUnsafeBytes { key in
      try producer.produce(
        topic, partition: partition, key: key, value: value, timestamp: nil, headers: [])
    }
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
    var live = tasks.map { $0.changelog.makeLiveRecords() }
    try scan.readThrough(partition) { record in
      for index in live.indices { live[index].add(record) }
    }
    var count = 0
    for (index, (changelog, task)) in tasks.enumerated() {
      guard let progress = try changelog.progress(of: live[index], under: task.definitions) else {
        continue
      }
      count += try changelog.restore(task, progress, live[index])
    }
    return count
  }

  /// Makes the task that a partition remembers, with its own secret.
  ///
  /// - Returns: the task and the number of entries restored; nil if it never committed anything.
  package func restore(
    _ definitions: Definitions, inputCount: Int, of partition: TopicPartition,
    from scan: any LogScan
  ) throws -> (task: AttributionTask, entries: Int)? {
    var live = makeLiveRecords()
    try scan.readThrough(partition) { record in live.add(record) }
    guard let progress = try progress(of: live, under: definitions),
      let secret = IdentitySecret(progress.checkpoint.secret)
    else { return nil }
    let task = AttributionTask(
      definitions: definitions, inputCount: inputCount, secret: secret)
    return (task, try restore(task, progress, live))
  }

  /// To be filled with what the state partition holds.
  func makeLiveRecords() -> LiveRecords { LiveRecords(name: name) }

  /// The task's last progress record; nil for a task that never wrote one.
  func progress(of live: LiveRecords, under definitions: Definitions) throws -> ProgressRecord? {
    try live.progress?.withUnsafeBytes { value in
      let record = try ProgressRecord(value, under: definitions.fingerprint, topic: topic)
      try record.checkAdditions(of: definitions, newest: record.last)
      return record
    }
  }

  /// Brings a new task back to where the progress record's commit left it.
  ///
  /// - Returns: the number of entries restored.
  func restore(
    _ task: AttributionTask, _ progress: ProgressRecord, _ live: LiveRecords
  ) throws -> Int {
    lastProgress = live.progress
    nextSerial = progress.serial
    task.restore(
      watermark: progress.watermark, retentionMark: progress.retentionMark,
      largest: progress.largest)
    var restoration = Restoration(task)
    for record in live.records {
      note(record.serial, in: record.bucket)
      guard task.liveBuckets.contains(record.bucket) else { continue }
      try record.value.withUnsafeBytes { try restoration.add($0, bucket: record.bucket) }
    }
    return restoration.count
  }

  // MARK: Progress records

  static func progressKey(_ name: String) -> [UInt8] { Array("\(name)|progress".utf8) }

  static func isProgress(_ key: UnsafeRawBufferPointer) -> Bool {
    key.suffix(9).elementsEqual("|progress".utf8)
  }
}
