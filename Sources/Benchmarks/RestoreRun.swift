import Attribution
import Configuration
import Kafka
import Pipeline

/// A task's changelog after the workload's warm-up, restored over and over.
final class RestoreRun {
  /// Entries in the changelog.
  private(set) var entries = 0
  /// What the last restored task remembers.
  private(set) var restored: StateSize?
  /// Bytes of the state topic, compacted, without Kafka's own overhead.
  var byteCount: Int { log.byteCount }

  private let log = MemoryChangelog()
  private let folder: BenchmarkFolder
  private let copies: StateCopies
  private let definitions = Definitions()

  init(_ options: Workload.Options) throws {
    folder = try BenchmarkFolder()
    copies = StateCopies(try DiskCopyStore(folder.path))
    var workload = Workload(options)
    let task = makeTask()
    let changelog = makeChangelog()
    changelog.keepCopy(RestoreRun.task, in: copies, Configuration())
    let chunk = Chunk()
    var rest = options.warmUp
    while rest > 0 {
      workload.fill(chunk, min(rest, EngineRun.commit))
      rest -= chunk.count
      chunk.withEvents { events in
        for index in events.indices {
          let event = events.baseAddress! + index
          let identity = EventIdentity(event, task.key)
          if task.apply(event, identity).isAccepted {
            changelog.append(event, identity, task.lastAccepted)
          }
        }
      }
      task.forEachCorrectedConversion { conversion in
        guard conversion.revision > 1 else { return }
        changelog.append(
          revisionOf: conversion, user: task.key.hash(conversion.userID),
          bucket: task.stateBucket(of: conversion.time, .conversion))
      }
      try changelog.flush(
        task.progress, fingerprint: definitions.fingerprint, live: task.liveBuckets,
        to: log)
      changelog.commitCopy()
      task.endCommit()
    }
    changelog.releaseCopy()
  }

  private static let task = "keyed-0"

  /// One restore from the copy on disk.
  func measureCopy() throws -> Timing {
    let task = makeTask()
    let changelog = makeChangelog()
    var stopwatch = Stopwatch()
    stopwatch.start()
    let count = try changelog.restore(
      task, fromCopyOf: RestoreRun.task, in: copies, Configuration())
    stopwatch.stop()
    return Timing(events: count, stopwatch)
  }

  /// One restore: records decoded, and every entry put in its place.
  func measure() throws -> Timing {
    let task = makeTask()
    let changelog = makeChangelog()
    var stopwatch = Stopwatch()
    stopwatch.start()
    entries = try Changelog.restore(
      [(changelog, task)], of: TopicPartition(topic: "state", partition: 0), from: log)
    stopwatch.stop()
    restored = task.size
    return Timing(events: entries, stopwatch)
  }

  private func makeTask() -> AttributionTask {
    AttributionTask(
      definitions: definitions, kinds: [.click, .conversion], secret: .ofBenchmarks)
  }

  private func makeChangelog() -> Changelog {
    Changelog(
      name: "keyed", topic: "state", partition: 0, recordBytes: Configuration().stateRecordBytes)
  }
}
