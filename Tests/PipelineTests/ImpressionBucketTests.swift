import Attribution
import Cluster
import Kafka
import TestKit
import Testing
import Verification

@testable import Pipeline

/// The changelog of a task that keeps impressions for another time than clicks.
@Suite struct ImpressionBucketTests {
  private static let start: Milliseconds = 1_767_600_000_000
  private static let hour: Milliseconds = 3_600_000
  private let source = TopicPartition(topic: "state", partition: 0)

  private var definitions: Definitions {
    var definitions = Definitions()
    definitions.lookback = 30 * 24 * Self.hour
    return definitions
  }

  private func makeTask() -> AttributionTask {
    AttributionTask(
      definitions: definitions, kinds: [.impression, .click, .conversion], secret: .test)
  }

  private func makeChangelog() -> Changelog {
    Changelog(name: "keyed", topic: "state", partition: 0, recordBytes: 1 << 16)
  }

  /// Days of an hourly impression, click and conversion, each committed.
  private func run(
    days: Int, _ log: KeptRecords,
    _ bucket: (Attribution.AcceptedEvent) -> StateBucket = { $0.bucket }
  ) throws -> AttributionTask {
    let task = makeTask()
    let changelog = makeChangelog()
    for hour in 0..<days * 24 {
      for kind in [EventKind.impression, .click, .conversion] {
        OracleEvent(
          kind: kind, time: Self.start + Int64(hour) * Self.hour, eventID: "\(kind)-\(hour)",
          userID: "u-\(hour % 5)", campaignID: kind.isTouch ? "c" : ""
        ).lend { event in
          withUnsafePointer(to: event) { event in
            let identity = EventIdentity(event.pointee, task.key)
            #expect(task.apply(event, identity).isAccepted)
            var accepted = task.lastAccepted
            accepted.bucket = bucket(accepted)
            changelog.append(event, identity, accepted)
          }
        }
      }
      task.forEachCorrectedConversion { _ in }
      task.forEachDelta { _ in }
      try changelog.flush(
        task.progress, fingerprint: definitions.fingerprint, live: task.liveBuckets, to: log)
      task.endCommit()
    }
    return task
  }

  private func restore(_ log: KeptRecords) throws -> AttributionTask {
    let task = makeTask()
    _ = try Changelog.restore([(makeChangelog(), task)], of: source, from: log)
    return task
  }

  @Test func impressionsLeaveTheTopicBeforeClicksDo() throws {
    let log = KeptRecords()
    let task = try run(days: 40, log)
    let buckets = log.buckets
    let impressions = buckets.count { $0.isOfImpressions }
    // One a bucket: 24 hours and what a bucket adds, 31 days.
    #expect((24...28).contains(impressions), "\(impressions)")
    #expect((31 * 24...31 * 24 + 4).contains(buckets.count - impressions), "\(buckets.count)")
    let restored = try restore(log)
    #expect(restored.size.recordCount == task.size.recordCount)
    #expect(restored.size.identityCount == task.size.identityCount)
    #expect(restored.size.userCount == task.size.userCount)
  }

  /// A former version kept all kinds in the same buckets, and its progress record has another number.
  @Test func stateOfAFormerVersionIsTakenUpWithoutWhatIsNoLongerKept() throws {
    let log = KeptRecords()
    let task = try run(days: 40, log) { StateBucket(number: $0.bucket.slice) }
    #expect(!log.buckets.contains { $0.isOfImpressions })
    #expect(log.progress?.first == 5)
    let restored = try restore(log)
    #expect(restored.size.recordCount == task.size.recordCount)
    #expect(restored.size.identityCount == task.size.identityCount)
  }

  @Test func aFormerVersionRefusesWhatItWouldNotForget() throws {
    let log = KeptRecords()
    _ = try run(days: 1, log)
    #expect(log.progress?.first == 6)
  }
}

/// What compaction leaves of a topic.
private final class KeptRecords: LogProducer, LogScan {
  private var records: [[UInt8]: (offset: Int64, value: [UInt8])] = [:]
  private var end: Int64 = 0

  /// The buckets of the records of events, one for each record.
  var buckets: [StateBucket] {
    records.keys.compactMap { key in
      let parts = String(decoding: key, as: UTF8.self).split(separator: "|")
      return parts.count == 3 ? StateBucket(number: UInt64(parts[1])!) : nil
    }
  }

  var progress: [UInt8]? { records[Array("keyed|progress".utf8)]?.value }

  func produce(
    _ topic: String, partition: Int32?, key: UnsafeRawBufferPointer?,
    value: UnsafeRawBufferPointer?, timestamp: Int64?, headers: [Header]
  ) throws {
    records[Array(key!)] = value.map { (end, Array($0)) }
    end += 1
  }

  func read(
    _ partition: TopicPartition, limit: Int?, _ body: (Record) throws -> Void
  ) throws -> Bool {
    for (key, record) in records.sorted(by: { $0.value.offset < $1.value.offset }) {
      try key.withUnsafeBytes { key in
        try record.value.withUnsafeBytes { value in
          try body(
            Record(partition: 0, offset: record.offset, timestamp: 0, key: key, value: value))
        }
      }
    }
    return true
  }

  func begin() throws {}
  func sendOffsets(_ offsets: [TopicPartition: Int64], of consumer: any LogConsumer) throws {}
  func commit() throws {}
  func abort() throws {}
  func close() {}
}
