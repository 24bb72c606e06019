import BrokerKit
import Configuration
import Kafka
import Logging
import Testing

@testable import Cluster

/// The one reader of a partition from an offset to an offset.
@Suite(.serialized, .enabled(if: LocalBroker.isAvailable)) struct BoundedReaderTests {
  private let broker: LocalBroker
  private let partition = TopicPartition(topic: LocalBroker.uniqueName("bounded"), partition: 0)
  private let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  init() throws {
    broker = try LocalBroker.shared()
    let admin = try AdminClient(["bootstrap.servers": broker.bootstrapServers], logger: quiet)
    let topic = TopicSpecification(
      name: partition.topic, partitions: 1, replicationFactor: -1, settings: ["retention.ms": "-1"])
    _ = try admin.makeTopics([topic], logger: quiet)
  }

  private var configuration: Configuration {
    var configuration = Configuration()
    configuration.bootstrapServers = broker.bootstrapServers
    return configuration
  }

  /// Writes records in one transaction, and ends it unless that is what is to be missing.
  private func write(_ values: [String], commits: Bool = true) throws -> TransactionalProducer {
    let producer = try TransactionalProducer(
      [
        "bootstrap.servers": broker.bootstrapServers, "linger.ms": "0",
        "transactional.id": LocalBroker.uniqueName("id"),
      ], logger: quiet)
    try producer.initTransactions(timeoutMilliseconds: 10_000)
    try producer.begin()
    let topic = try producer.topic(partition.topic)
    for value in values {
      try Array(value.utf8).withUnsafeBytes {
        try producer.produce(topic, partition: 0, key: nil, value: $0)
      }
    }
    try producer.flush(timeoutMilliseconds: 10_000)
    if commits { try producer.commit(timeoutMilliseconds: 10_000) }
    return producer
  }

  private func withReader<Result>(
    from start: Int64, to end: Int64, stallTimeout: Duration = BoundedReader.stallTimeout,
    _ body: (inout BoundedReader) throws -> Result
  ) throws -> Result {
    let consumer = try Consumer(ClientSettings.consumer(configuration), logger: quiet)
    defer { consumer.close(timeoutMilliseconds: 0) }
    try consumer.assign([(partition, offset: start)])
    var reader = try #require(
      BoundedReader(
        of: partition, consumer, from: start, to: end, into: RecordBatch(capacity: 64),
        stallTimeout: stallTimeout))
    return try body(&reader)
  }

  private func text(_ record: Record) -> String {
    record.value.map { String(decoding: $0, as: UTF8.self) } ?? "nil"
  }

  @Test("Records before the start and from the end on are not read")
  func bounds() throws {
    try write((0..<10).map { "\($0)" }).close()
    for (range, wanted) in [(2..<5, ["2", "3", "4"]), (9..<11, ["9"]), (7..<7, [])] {
      var found: [String] = []
      let outcome = try withReader(from: Int64(range.lowerBound), to: Int64(range.upperBound)) {
        try $0.readAll { found.append(text($0)) }
      }
      #expect(found == wanted)
      #expect(outcome == .reachedEnd, "the mark of the transaction at offset 10 is stepped over")
    }
  }

  @Test("Slices join without a gap, and a body that has had enough ends the reading")
  func slices() throws {
    try write((0..<200).map { "\($0)" }).close()
    var found: [String] = []
    try withReader(from: LogicalOffset.beginning, to: 201) { reader in
      var slices = 0
      while try reader.readAll(limit: 50, { found.append(text($0)) }) != .reachedEnd { slices += 1 }
      #expect(slices >= 2)
    }
    #expect(found == (0..<200).map { "\($0)" })
    try withReader(from: 0, to: 201) { reader in
      let outcome = try reader.read(while: { text($0) != "120" })
      #expect(outcome == .stopped)
      #expect(reader.position == 121)
    }
  }

  @Test(
    "An open transaction before the end is an error after the time limit, and is waited for before")
  func openTransaction() throws {
    try write(["seen"]).close()
    let open = try write(["unseen"], commits: false)
    var found: [String] = []
    let end = Int64(3)
    let stall = #expect(throws: LogStall.self) {
      try withReader(from: 0, to: end, stallTimeout: .milliseconds(500)) {
        try $0.readAll { found.append(text($0)) }
      }
    }
    #expect(found == ["seen"])
    #expect("\(try #require(stall))".contains("\(partition) stopped at offset 2 of 3"))
    try open.commit(timeoutMilliseconds: 10_000)
    try withReader(from: 0, to: end) {
      found = []
      let outcome = try $0.readAll { found.append(text($0)) }
      #expect(outcome == .reachedEnd)
    }
    #expect(found == ["seen", "unseen"])
    open.close()
  }
}
