import Cluster
import Codec
import Configuration
import Foundation
import Kafka
import Reporting
import Synchronization

/// A reader downstream, with `isolation.level=read_committed`, that runs through every fault: no key's
/// revision may go back or come twice, nothing final may become open again.
final class Downstream: Sendable {
  private struct Seen {
    var isCaughtUp = false
    var violation: String?
    var rollupRevisions = 0
    var attributionRevisions = 0
    var rollups = 0
    var attributions = 0
  }

  private let seen = Mutex(Seen())
  private let isStopping = Atomic(false)
  private let done = DispatchSemaphore(value: 0)

  init(_ cluster: SoakCluster) throws {
    let topics = cluster.configuration.topics
    let rollups = try TopicFollower(topics.rollups, cluster.configuration, logger: cluster.logger)
    let attributions = try TopicFollower(
      topics.attributions, cluster.configuration, logger: cluster.logger)
    let reader = RollupsRecordReader(definitions: cluster.configuration.definitions)
    let thread = Thread { [self] in
      var watch = RevisionWatch(reader)
      do {
        while !isStopping.load(ordering: .relaxed) {
          let count =
            try rollups.read { try watch.take(rollup: $0) }
            + attributions.read { try watch.take(attribution: $0) }
          seen.withLock {
            $0.isCaughtUp = count == 0
            $0.rollupRevisions = watch.rollupRevisions
            $0.attributionRevisions = watch.attributionRevisions
            $0.rollups = watch.rollups.count
            $0.attributions = watch.attributions.count
          }
          if count == 0 { rollups.wait(milliseconds: 100) }
        }
      } catch {
        seen.withLock { $0.violation = "the reader downstream: \(error)" }
      }
      rollups.close()
      attributions.close()
      done.signal()
    }
    thread.name = "downstream"
    thread.start()
  }

  /// Throws the violation that it has met, if any.
  func check() throws {
    if let violation = seen.withLock({ $0.violation }) { throw Violation(violation) }
  }

  /// Reads on until nothing more comes.
  func catchUp() throws {
    var quiet = 0
    while quiet < 10 {
      try check()
      quiet = seen.withLock { $0.isCaughtUp } ? quiet + 1 : 0
      usleep(200_000)
    }
  }

  var summary: String {
    seen.withLock { seen in
      """
      downstream: \(seen.rollupRevisions) revisions of \(seen.rollups) rollups and \
      \(seen.attributionRevisions) of \(seen.attributions) attributions, each higher than the last
      """
    }
  }

  func stop() {
    guard !isStopping.exchange(true, ordering: .relaxed) else { return }
    done.wait()
  }
}

/// The last revision of every key.
private struct RevisionWatch {
  struct Revision: CustomStringConvertible {
    var number: Int64
    var isFinal = false
    var offset: Int64

    var description: String { "revision \(number) (offset \(offset))" }
  }

  private(set) var rollups: [[UInt8]: Revision] = [:]
  private(set) var attributions: [[UInt8]: Revision] = [:]
  private(set) var rollupRevisions = 0
  private(set) var attributionRevisions = 0
  private var finalThrough: [Int32: Int64] = [:]
  private let reader: RollupsRecordReader

  init(_ reader: RollupsRecordReader) { self.reader = reader }

  mutating func take(rollup record: Record) throws {
    let key = Array(record.key ?? UnsafeRawBufferPointer(start: nil, count: 0))
    switch try reader.read(key: record.key, value: record.value) {
    case .rollup(let rollup):
      rollupRevisions += 1
      let revision = Revision(
        number: rollup.revision, isFinal: rollup.isFinal, offset: record.offset)
      let name = String(decoding: key, as: UTF8.self)
      if let former = rollups.updateValue(revision, forKey: key) {
        try expect(revision, follows: former, of: name)
      }
    case .progress(let partition, let through, _):
      if let former = finalThrough[partition], through < former {
        throw Violation("final_through of partition \(partition) went from \(former) to \(through)")
      }
      finalThrough[partition] = through
    case .deletion, .other:
      throw Violation("a record of the rollups topic is neither a rollup nor progress")
    }
  }

  mutating func take(attribution record: Record) throws {
    guard let value = record.value else { throw Violation("an attribution was deleted") }
    attributionRevisions += 1
    let attribution = try AttributionCodec.decode(value)
    let revision = Revision(number: attribution.revision, offset: record.offset)
    let id = Array(attribution.conversionID.utf8)
    if let former = attributions.updateValue(revision, forKey: id) {
      try expect(revision, follows: former, of: "attribution \(attribution.conversionID)")
    }
  }

  private func expect(_ revision: Revision, follows former: Revision, of name: String) throws {
    guard revision.number > former.number else {
      throw Violation("\(name) went from \(former) to \(revision)")
    }
    if former.isFinal && !revision.isFinal {
      throw Violation("\(name) was final and is open again in \(revision)")
    }
  }
}
