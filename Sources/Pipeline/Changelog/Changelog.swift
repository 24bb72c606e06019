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

  let name: String
  let topic: String
  private let partition: Int32
  /// The bytes at which a record is full.
  private let recordBytes: Int
  private var chunks: [StateBucket: Chunk] = [:]
  private var spare: [Chunk] = []
  private var last: (bucket: StateBucket, chunk: Chunk)?
  private var closed: [(bucket: StateBucket, serial: UInt64, chunk: Chunk)] = []
  /// Serials of the records in the topic, by bucket.
  private var serials: [StateBucket: [UInt64]] = [:]
  private(set) var nextSerial: UInt64 = 0
  /// Numbers in `serials`.
  private var serialCount = 0
  /// The last progress record that was written or restored.
  private(set) var lastProgress: [UInt8]?
  /// Whether there have been buckets of impressions alone, which former versions do not know.
  private var hasImpressionBuckets = false
  /// What it has written, on this machine.
  var copy: StateCopy?
  /// Where the state partition ended some time ago: later records lie behind it.
  var stateEnd: Int64 = 0
  /// Of a `flush` that has not been committed: what is kept, and an offset that is not behind its progress record's.
  private var uncommitted: (live: LiveBuckets, position: Int64)?

  package init(name: String, topic: String, partition: Int32, recordBytes: Int) {
    self.name = name
    self.topic = topic
    self.partition = partition
    self.recordBytes = recordBytes
  }

  deinit {
    for chunk in chunks.values { free(chunk) }
    for (_, _, chunk) in closed { free(chunk) }
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
    closed.append((bucket, serial, chunk))
  }

  func note(_ serial: UInt64, in bucket: StateBucket) {
    serials[bucket, default: []].append(serial)
    serialCount += 1
    if bucket.isOfImpressions { hasImpressionBuckets = true }
  }

  /// Bytes held: records that are not written yet, and which ones are in the topic. O(open records).
  var byteCount: Int {
    var bytes = 0
    for chunk in chunks.values { bytes += chunk.pointee.byteCount }
    for (_, _, chunk) in closed { bytes += chunk.pointee.byteCount }
    for chunk in spare { bytes += chunk.pointee.byteCount }
    // A bucket's array and its place in the dictionary, and its records' numbers.
    return bytes + serials.count * 96 + serialCount * 8
  }

  /// Whether there are records to which nothing will be added.
  var hasFullRecords: Bool { !closed.isEmpty }

  /// Writes the records to which nothing will be added, ahead of the `flush` of their transaction: so there
  /// is little left to send, and to wait for, when it commits.
  func writeFullRecords(to producer: any LogProducer) throws {
    for (bucket, serial, chunk) in closed {
      try produce(key(bucket, serial), chunk.pointee.bytes, to: producer)
      copy?.append(serial: serial, bucket: bucket, chunk.pointee.bytes)
    }
    for (_, _, chunk) in closed { recycle(chunk) }
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
    uncommitted = (live, stateEnd)
    try bytes.withUnsafeBytes { try produce(Changelog.progressKey(name), $0, to: producer) }
  }

  /// Continues after a progress record that was read back.
  func resume(after progress: [UInt8]?, serial: UInt64) {
    lastProgress = progress
    nextSerial = serial
  }

  /// The transaction of the last `flush` has been committed.
  ///
  /// - Parameter time: by the wall clock.
  func didCommit(at time: Milliseconds) {
    guard let (live, position) = uncommitted, let lastProgress else { return }
    uncommitted = nil
    copy?.commit(
      lastProgress, serial: nextSerial, live: live, position: position, time: time)
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

  // MARK: Progress records

  static func progressKey(_ name: String) -> [UInt8] { Array("\(name)|progress".utf8) }

  static func isProgress(_ key: UnsafeRawBufferPointer) -> Bool {
    key.suffix(9).elementsEqual("|progress".utf8)
  }
}
