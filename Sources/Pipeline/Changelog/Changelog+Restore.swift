import Attribution
import Cluster
import Kafka

/// A task's state, read back.
extension Changelog {
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
    var restoration = beginRestore(task, progress, live)
    try restore(live, by: &restoration)
    return restoration.count
  }

  /// Brings a new task's marks back to where the progress record's commit left them: what is remembered comes next, in the
  /// order in which it was written.
  func beginRestore(
    _ task: AttributionTask, _ progress: ProgressRecord, _ live: LiveRecords
  ) -> Restoration {
    resume(after: live.progress, serial: progress.serial)
    task.restore(
      watermark: progress.watermark, retentionMark: progress.retentionMark,
      largest: progress.largest)
    return Restoration(task)
  }

  /// Restores what was read of the topic.
  func restore(_ live: LiveRecords, by restoration: inout Restoration) throws {
    for record in live.records {
      try record.value.withUnsafeBytes {
        try restore($0, record.serial, record.bucket, by: &restoration)
      }
    }
  }

  /// Restores a record, where its bucket is kept.
  func restore(
    _ record: UnsafeRawBufferPointer, _ serial: UInt64, _ bucket: StateBucket,
    by restoration: inout Restoration
  ) throws {
    note(serial, in: bucket)
    guard restoration.task.liveBuckets.contains(bucket) else { return }
    try restoration.add(record, bucket: bucket)
  }

  /// Takes a copy that holds what was restored from it, and gives it the rest.
  ///
  /// - Parameters:
  ///   - live: what was read of the topic beside it.
  ///   - kept: buckets that are kept.
  func adopt(
    _ copy: StateCopy?, _ live: LiveRecords, kept: LiveBuckets, time: Milliseconds
  ) {
    self.copy = copy
    guard let copy, let lastProgress, copy.last?.progress != lastProgress else { return }
    for record in live.records where kept.contains(record.bucket) {
      record.value.withUnsafeBytes {
        copy.append(serial: record.serial, bucket: record.bucket, $0)
      }
    }
    copy.commit(
      lastProgress, serial: nextSerial, live: kept, position: live.progressOffset, time: time)
  }
}
