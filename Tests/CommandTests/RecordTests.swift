import Attribution
import BrokerKit
import Codec
import Foundation
import Kafka
import TestKit
import Testing

/// Whatever comes in, each record ends where it belongs and the stream goes on.
@Suite(.serialized) struct RecordTests {
  @Test func hostileRecordsEndInDeadLettersWithTheirReason() throws {
    let cluster = try clusterThatKeepsTimestamps()
    let producer = try Producer(cluster.clientConfiguration, logger: quiet)
    var expected: [String: Int] = [:]
    let topics: [EventKind: String] = [
      .impression: cluster.configuration.topics.impressions!,
      .click: cluster.configuration.topics.clicks,
      .conversion: cluster.configuration.topics.conversions,
      .cost: cluster.configuration.topics.costs!,
    ]
    var sent = 0
    for record in HostileRecords.all
    where record.recordTimestamp == -1 || record.recordTimestamp > 0 {
      switch record.expected {
      case .rejected(let rejection): expected[rejection.rawValue, default: 0] += 1
      // The decoder takes any year; the processor has limits, and a clock.
      case .accepted(let event) where event.time < Definitions().earliestEventTime:
        expected[RejectionReason.invalidField.rawValue, default: 0] += 1
      case .accepted(let event)
      where Double(event.time) / 1_000 > Date().timeIntervalSince1970 + 300:
        expected[RejectionReason.futureEvent.rawValue, default: 0] += 1
      case .accepted: break
      }
      // The broker stamps what has no time; no event is in the future of the year 9999.
      let timestamp = record.recordTimestamp == -1 ? Time.latest : record.recordTimestamp
      let topic = try producer.topic(topics[record.kind]!)
      try record.value.withOptionalBytes { value in
        try producer.produce(topic, partition: 0, key: nil, value: value, timestamp: timestamp)
      }
      sent += 1
    }
    try producer.flush(timeoutMilliseconds: 10_000)
    producer.close()
    #expect(sent >= 60)

    let result = try cluster.program.run("run", "--exit-at-end", "--json")
    #expect(result.status == 0, "\(result.errors)")
    let deadLetters = try cluster.records(of: cluster.configuration.topics.deadLetters)
    let reasons = Dictionary(grouping: deadLetters) { $0.headers["reason"] ?? "none" }
      .mapValues(\.count)
    #expect(reasons == expected)
    for letter in deadLetters {
      #expect(letter.headers["source_partition"] == "0")
      #expect(topics.values.contains(letter.headers["source_topic"] ?? ""))
      #expect(Int(letter.headers["source_offset"] ?? "") != nil)
    }
    let verified = try cluster.program.run("verify")
    #expect(verified.status == 0, "\(verified.output)\(verified.errors)")
  }

  /// A cluster whose inputs keep the timestamps of their records. They are made so: a setting that is changed later
  /// takes effect some time after the brokers have said that it does.
  private func clusterThatKeepsTimestamps() throws -> Cluster {
    let cluster = try Cluster(partitions: nil)
    let inputs = cluster.configuration.inputTopics.map {
      TopicSpecification(
        name: $0.name, partitions: 4,
        settings: ["message.timestamp.type": "CreateTime", "retention.ms": "-1"])
    }
    _ = try cluster.makeAdmin().createTopics(inputs, timeoutMilliseconds: 10_000)
    let created = try cluster.program.run("topics", "create", "--partitions", "4")
    #expect(created.status == 0, "\(created.errors)")
    return cluster
  }

  @Test func aMillionEventsThroughABrokerEqualTheOracle() throws {
    let cluster = try clusterThatKeepsTimestamps()
    let generated = try cluster.program.run(
      "generate", "--profile", "dense", "--events", "1000000", "--seed", "42", "--costs",
      "--duplicates", "0.03",
      "--late", "0.02", "--json")
    #expect(generated.status == 0, "\(generated.errors)")
    let result = try cluster.program.run("run", "--exit-at-end", "--json", timeout: 300)
    #expect(result.status == 0, "\(result.errors)")
    let verified = try cluster.program.run("verify", timeout: 300)
    #expect(verified.status == 0, "\(verified.output)\(verified.errors)")
    print("seed 42: \(result.output)\(verified.output)")
    try expectEqualCounts(generated.output, result.output)
    let summary = try JSONSerialization.jsonObject(with: Data(result.output.utf8))
    let peak = try #require((summary as? [String: Any])?["peak_resident_bytes"] as? Int)
    #expect(peak < 400 << 20)
  }

  @Test func aStopAndAStartGoOnWhereTheyWere() throws {
    let cluster = try Cluster()
    func pass(_ seed: String, _ start: String) throws {
      _ = try cluster.program.run(
        "generate", "--profile", "dense", "--events", "30000", "--seed", seed, "--start", start,
        "--users", "2000")
      let result = try cluster.program.run("run", "--exit-at-end", timeout: 120)
      #expect(result.status == 0, "\(result.errors)")
    }
    try pass("1", "2026-01-05T08:00:00Z")
    try pass("1", "2026-01-05T08:00:00Z")  // The same events again: every one a duplicate.
    try pass("2", "2026-01-05T08:10:00Z")
    let verified = try cluster.program.run("verify")
    #expect(verified.status == 0, "\(verified.output)\(verified.errors)")
  }

  /// The generator's known truth against what the processor counted, per input and outcome.
  private func expectEqualCounts(_ truth: String, _ counted: String) throws {
    let truth = try #require(
      JSONSerialization.jsonObject(with: Data(truth.utf8)) as? [String: [String: Int]])
    let counted = try #require(
      JSONSerialization.jsonObject(with: Data(counted.utf8)) as? [String: Any])
    for (input, counts) in truth {
      let found = try #require(counted[input] as? [String: Int])
      for field in ["records", "accepted", "duplicates", "dead_letters", "too_late"] {
        #expect(found[field] == counts[field], "\(input) \(field)")
      }
    }
  }
}

extension Optional where Wrapped == [UInt8] {
  func withOptionalBytes<Result>(
    _ body: (UnsafeRawBufferPointer?) throws -> Result
  ) rethrows -> Result {
    guard let self else { return try body(nil) }
    return try self.withUnsafeBytes { try body($0) }
  }
}
