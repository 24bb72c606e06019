import Attribution
import Cluster
import Configuration
import Kafka
import Testing

@testable import Pipeline
@testable import TestKit
@testable import Traffic

/// Records that lie in another partition than their users belong to.
@Suite struct MisplacedRecordsTests {
  /// Partitions of 7, as librdkafka 2.3 with `partitioner=consistent` chooses them; CRC-32 by zlib.
  @Test(
    arguments: [
      ("123456789", 0xCBF4_3926), ("u-1", 0xDC8F_297C), ("größe", 0x5BD3_A989), ("", 0),
      ("8c6f2a0e-3c9f-4f0c-9c55-6f2d2d1d9c11", 0x8D17_9F30),
    ] as [(String, UInt32)])
  func theChecksumIsThatOfZlib(text: String, checksum: UInt32) {
    Array(text.utf8).withUnsafeBytes {
      #expect(CRC32().value(of: $0) == checksum)
      let partition = UserPartitioner(.consistent, count: 7)?.partition(of: BorrowedBytes($0))
      #expect(partition == Int32(checksum % 7))
    }
  }

  @Test func whereThereIsOnePartitionOrNobodyKnowsNothingIsComputed() {
    #expect(UserPartitioner(.murmur2, count: 1) == nil)
    #expect(UserPartitioner(.unchecked, count: 3) == nil)
    #expect(UserPartitioner(.murmur2, count: 3) != nil)
  }

  @Test(arguments: InputPartitioner.allCases)
  func recordsInOtherPartitionsAreCounted(partitioner: InputPartitioner) throws {
    let simulation = Simulation(
      PipelineTests.definitions, seed: 1, attributionWorkers: 1, partitioner: partitioner)
    // The cluster in memory chooses partitions as Kafka's Java client does.
    let records = Array(TrafficGenerator(PipelineTests.traffic(8)).prefix(600))
    for record in records { simulation.append(record) }
    for slot in simulation.workers.all { simulation.start(slot) }
    for _ in 0..<200 { for slot in simulation.workers.all { simulation.step(slot) } }
    guard case .attribution(let worker) = simulation.workers.attribution[0].worker else {
      Issue.record("no worker")
      return
    }
    let counts = worker.counts
    let usable = EventKind.allCases.filter { $0 != .cost }.reduce(0) {
      let count = counts[simulation.topic(of: $1)] ?? InputCounts()
      return $0 + count.records - count.deadLetters
    }
    let misplaced = counts.values.reduce(0) { $0 + $1.misplaced }
    #expect(usable > 400)
    #expect(counts["costs"]?.misplaced ?? 0 == 0)
    switch partitioner {
    case .murmur2, .unchecked: #expect(misplaced == 0)
    case .consistent: #expect(misplaced > usable / 2 && misplaced < usable * 5 / 6)
    }
  }

  @Test func theyAreSaidOncePerTopic() {
    let lines = LogLines()
    let notice = MisplacedRecordsNotice()
    var counts = InputCounts()
    counts.accepted = 80
    notice.note(counts, of: "clicks", partitioner: .murmur2, lines.logger)
    #expect(lines.at(.warning).isEmpty)
    counts.misplaced = 60
    for topic in ["clicks", "clicks", "conversions"] {
      notice.note(counts, of: topic, partitioner: .murmur2, lines.logger)
    }
    #expect(lines.at(.warning).count == 2)
    let line = lines.at(.warning)[0]
    #expect(line.hasPrefix("clicks: 60 of 80 records so far lie in another partition"))
    #expect(line.contains("rekey: true"))
  }
}
