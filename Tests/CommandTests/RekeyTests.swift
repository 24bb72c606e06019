// Safety: values are lent to the producer for one call, which copies them.

import Codec
import Configuration
import Foundation
import Kafka
import Testing

/// Inputs that are keyed otherwise, or not at all, and have other numbers of partitions.
@Suite(.serialized) struct RekeyTests {
  /// Clicks in five partitions and conversions in two, both without keys; impressions as they should be, in three.
  private func makeCluster(_ settings: [String: String] = [:]) throws -> Cluster {
    let prefix = LocalBrokerName.unique()
    let inputs = """
      [{kind: impression, topic: \(prefix)-seen}, {kind: click, topic: \(prefix)-taps, rekey: true}, \
      {kind: conversion, topic: \(prefix)-orders, rekey: true}]
      """
    let cluster = try Cluster(
      settings.merging(["TRIBUTARY_INPUTS": inputs]) { $1 }, partitions: nil)
    let topics = [("seen", Int32(3)), ("taps", 5), ("orders", 2)].map {
      TopicSpecification(
        name: "\(prefix)-\($0)", partitions: $1, replicationFactor: 1, settings: [:])
    }
    _ = try cluster.makeAdmin().createTopics(topics, timeoutMilliseconds: 10_000)
    let made = try cluster.program.run("topics", "create", "--partitions", "2")
    #expect(made.status == 0, "\(made.errors)")
    return cluster
  }

  private func topic(_ kind: String, _ cluster: Cluster) -> String {
    cluster.configuration.topicInputs.first { "\($0.kind)" == kind }!.topic!
  }

  /// A click and, a minute later, a conversion of each user, anywhere in their topics.
  private func send(_ users: Range<Int>, hour: String, _ cluster: Cluster) throws {
    let producer = try Producer(cluster.clientConfiguration, logger: quiet)
    defer { producer.close() }
    for (kind, minute, fields, count) in [
      ("click", "00", #""campaign_id":"c-1""#, Int32(5)), ("conversion", "01", #""value":1"#, 2),
    ] {
      let handle = try producer.topic(topic(kind, cluster))
      for number in users {
        let value = """
          {"event_id":"\(kind)-\(number)","user_id":"u-\(number)",\
          "event_time":"2026-01-05T\(hour):\(minute):00Z",\(fields)}
          """
        try Array(value.utf8).withUnsafeBytes {
          try producer.produce(
            handle, partition: Int32(number * 7 % Int(count)), key: nil, value: $0, timestamp: nil,
            headers: [Header(name: "trace", value: Array("t-\(number)".utf8))])
        }
      }
    }
    try producer.flush(timeoutMilliseconds: 10_000)
  }

  private func sendBroken(_ cluster: Cluster) throws {
    let producer = try Producer(cluster.clientConfiguration, logger: quiet)
    defer { producer.close() }
    let handle = try producer.topic(topic("click", cluster))
    try Array(#"{"event_id":"k","user_id":"u","event_time":"soon","campaign_id":"c"}"#.utf8)
      .withUnsafeBytes { try producer.produce(handle, partition: 4, key: nil, value: $0) }
    try producer.flush(timeoutMilliseconds: 10_000)
  }

  private func expectVerified(_ cluster: Cluster) throws {
    let verified = try cluster.program.run("verify", "--all")
    #expect(verified.status == 0, "\(verified.output)\(verified.errors)")
  }

  @Test func eventsOfAUserMeetWhateverTheirKeysAndPartitions() throws {
    let cluster = try makeCluster()
    try send(0..<40, hour: "08", cluster)
    try sendBroken(cluster)
    let run = try cluster.program.run("run", "--exit-at-end", "--json")
    #expect(run.status == 0, "\(run.errors)")
    let taps =
      #""\#(topic("click", cluster))":{"records":41,"filtered":0,"passed_on":40,"dead_letters":1}"#
    #expect(run.output.contains(taps), "\(run.output)")
    try expectVerified(cluster)
    // What a producer writes is checked, not what has been passed on of it.
    let checked = try cluster.program.run("inputs", "check")
    #expect(checked.output.contains("\(topic("click", cluster)): 41 records looked at"))
    #expect(!checked.output.contains(cluster.configuration.keyedTopic(.click)))
    // Run again: it goes on where it was, and the same events again are duplicates.
    try send(20..<60, hour: "08", cluster)
    #expect(try cluster.program.run("run", "--exit-at-end").status == 0)
    try expectVerified(cluster)

    let attributions = try cluster.records(of: cluster.configuration.topics.attributions)
    #expect(attributions.count == 60)
    for record in attributions {
      #expect(String(decoding: record.value ?? [], as: UTF8.self).contains(#""campaign_id":"c-1""#))
    }
    let keyed = try cluster.records(of: cluster.configuration.keyedTopic(.click))
    let events = keyed.filter { $0.key != nil }
    #expect(events.count == 80)
    for event in events {
      let user = String(decoding: event.key!, as: UTF8.self)
      #expect(event.headers["trace"] == "t-\(user.dropFirst(2))")
      #expect(
        event.partition
          == event.key!.withUnsafeBytes { StandardPartitioner.partition(key: $0, count: 3) })
    }
    let letters = try cluster.records(of: cluster.configuration.topics.deadLetters)
    #expect(letters.count == 1)
    #expect(letters.first?.headers["source_topic"] == topic("click", cluster))
    #expect(letters.first?.headers["source_partition"] == "4")
    #expect(letters.first?.headers["field"] == "event_time")
    let explained = try cluster.program.run("explain", "conversion-7")
    #expect(explained.status == 0 && explained.output.contains("click-7"), "\(explained.errors)")
  }

  @Test func windowsCloseWhileItRuns() throws {
    let cluster = try makeCluster([
      "TRIBUTARY_IDLE_TIMEOUT": "1s", "TRIBUTARY_WATERMARK_DELAY": "1s",
      "TRIBUTARY_COMMIT_INTERVAL": "100ms",
    ])
    try send(0..<20, hour: "08", cluster)
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let process = try cluster.program.start(["run"], outputFolder: folder)
    defer {
      process.terminate()
      process.waitUntilExit()
      try? FileManager.default.removeItem(at: folder)
    }
    func areAllFinal() throws -> Bool {
      var latest: [[UInt8]: String] = [:]
      for record in try cluster.records(of: cluster.configuration.topics.rollups) {
        guard let key = record.key, key.first != UInt8(ascii: "@") else { continue }
        latest[key] = String(decoding: record.value ?? [], as: UTF8.self)
      }
      return !latest.isEmpty && latest.values.allSatisfy { $0.contains(#""final":true"#) }
    }
    let deadline = Date() + 30
    while try !areAllFinal(), Date() < deadline { usleep(200_000) }
    #expect(try areAllFinal(), "nothing more comes, and every window is long over")
    let verified = try cluster.program.run("verify")
    #expect(verified.status == 0, "\(verified.output)\(verified.errors)")
  }

  @Test func theInternalTopicsAreMadeAndTakenBackWithTheOthers() throws {
    let cluster = try makeCluster()
    let described = try cluster.program.run("topics", "describe", "--json")
    #expect(described.status == 0, "\(described.errors)")
    for (kind, partitions) in [("click", 3), ("conversion", 3)] {
      #expect(
        described.output.contains(
          "\"topic\":\"\(cluster.prefix)-keyed-\(kind)\",\"partitions\":\(partitions),"))
    }
    #expect(
      described.output.contains(
        "\"topic\":\"\(cluster.prefix)-keyed-positions\",\"partitions\":1,"))
    try send(0..<10, hour: "08", cluster)
    #expect(try cluster.program.run("run", "--exit-at-end").status == 0)
    let reset = try cluster.program.run("reset", "--yes", "--ignore-members")
    #expect(reset.status == 0, "\(reset.errors)")
    #expect(try cluster.records(of: cluster.configuration.keyedTopic(.click)).isEmpty)
    #expect(try cluster.program.run("run", "--exit-at-end").status == 0)
    try expectVerified(cluster)
    #expect(try cluster.records(of: cluster.configuration.topics.attributions).count == 10)
  }

  @Test func anotherNumberOfPartitionsThanTheTopicsHaveIsRefused() throws {
    let cluster = try makeCluster()
    let program = Program(
      environment: cluster.program.environment.merging(["TRIBUTARY_REKEY_PARTITIONS": "7"]) { $1 })
    let run = try program.run("run", "--exit-at-end")
    #expect(run.status == 1 && run.errors.contains("rekey_partitions is 7"), "\(run.errors)")
  }
}

/// Names that no other test uses.
private enum LocalBrokerName {
  static func unique() -> String { "rekey-\(UUID().uuidString.prefix(8).lowercased())" }
}
