// Safety: entries lend the bytes of the record being added, and are dealt with before `add` returns.

import Attribution

/// Gives a task its changelog back, in batches: what the next entries need is fetched from memory
/// while the ones before are put in their places.
struct Restoration {
  private static let batchSize = 512
  /// Entries restored.
  private(set) var count = 0

  let task: AttributionTask
  private var batch: [ChangelogEntry] = []
  /// The bucket of the record being added.
  private var bucket = StateBucket(number: 0)
  /// The task's numbers of the tuples of the record being added.
  private var tuples: [UInt32] = []

  init(_ task: AttributionTask) {
    self.task = task
    batch.reserveCapacity(Restoration.batchSize)
  }

  /// Restores the entries of one record of a live bucket.
  mutating func add(_ record: UnsafeRawBufferPointer, bucket: StateBucket) throws {
    self.bucket = bucket
    var reader = try ChangelogReader(record, task.key, task.definitions)
    tuples.removeAll(keepingCapacity: true)
    while let entry = try reader.next() {
      if let number = entry.tuple, number == tuples.count {
        let tuple = reader.withNames(ofTuple: number) {
          task.restoreTuple(of: entry.event.kind, $0, bucket: bucket)
        }
        tuples.append(tuple)
      }
      batch.append(entry)
      if batch.count == Restoration.batchSize { flush() }
    }
    flush()
  }

  private mutating func flush() {
    for entry in batch.prefix(AttributionTask.prefetchDistance) { prefetch(entry) }
    for index in batch.indices {
      let far = index + AttributionTask.prefetchDistance
      if far < batch.count { prefetch(batch[far]) }
      let near = index + AttributionTask.journeyDistance
      if near < batch.count { task.prefetchJourney(batch[near].identity) }
      restore(batch[index])
    }
    count += batch.count
    batch.removeAll(keepingCapacity: true)
  }

  private func prefetch(_ entry: ChangelogEntry) {
    task.prefetch(entry.identity, entry.event.kind)
  }

  private func restore(_ entry: ChangelogEntry) {
    switch entry.subject {
    case .event:
      let tuple = entry.tuple.map { tuples[$0] } ?? 0
      task.restore(
        entry.event, entry.identity, bucket: bucket, isReplacement: entry.isReplacement,
        tuple: tuple, session: entry.session, revision: entry.revision)
    case .revision:
      task.restore(
        revision: entry.revision, ofConversion: entry.event.eventID,
        userHash: entry.identity.user, at: entry.event.time)
    }
  }
}
