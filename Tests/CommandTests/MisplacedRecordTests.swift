// Safety: keys and values are lent to the producer for one call, which copies them.

import Foundation
import Kafka
import Testing

/// Producers that choose partitions otherwise than the configuration says, or that write no keys.
@Suite(.serialized) struct MisplacedRecordTests {
  /// One click and one conversion a minute later of each of 40 users.
  private func send(_ cluster: Cluster, partitioner: String, withKeys: Bool) throws {
    var settings = cluster.clientConfiguration
    settings["partitioner"] = partitioner
    settings["sticky.partitioning.linger.ms"] = "0"
    let producer = try Producer(settings, logger: quiet)
    defer { producer.close() }
    for (topic, minute, fields) in [
      ("clicks", "00", #""campaign_id":"c-1""#), ("conversions", "01", #""value":1"#),
    ] {
      let handle = try producer.topic("\(cluster.prefix)-\(topic)")
      for number in 0..<40 {
        let value = """
          {"event_id":"\(topic)-\(number)","user_id":"u-\(number)",\
          "event_time":"2026-01-05T08:\(minute):00Z",\(fields)}
          """
        try Array("u-\(number)".utf8).withUnsafeBytes { key in
          try Array(value.utf8).withUnsafeBytes { value in
            try producer.produce(
              handle, key: withKeys ? key : nil, value: value, timestamp: nil)
          }
        }
      }
    }
    try producer.flush(timeoutMilliseconds: 10_000)
  }

  @Test func recordsOfAnotherPartitionerAreNamedUnlessTheConfigurationNamesIt() throws {
    let cluster = try Cluster(partitions: 4)
    try send(cluster, partitioner: "consistent", withKeys: true)
    let run = try cluster.program.run("run", "--exit-at-end")
    #expect(run.status == 0, "\(run.errors)")
    for topic in ["clicks", "conversions"] {
      let lines = run.errors.split(separator: "\n").filter {
        $0.contains("\(cluster.prefix)-\(topic): ") && $0.contains("lie in another partition")
      }
      #expect(lines.count == 1, "once per topic: \(run.errors)")
    }
    let verified = try cluster.program.run("verify", "--all")
    #expect(verified.status == 0 && verified.output.contains("accepted records of"))
    var right = cluster
    right.program = Program(
      environment: cluster.program.environment.merging([
        "TRIBUTARY_PARTITIONER": "consistent"
      ]) { $1 })
    let quietly = try right.program.run("verify", "--all")
    #expect(quietly.status == 0 && !quietly.output.contains("another partition"))
  }

  @Test func explainSaysThatTouchesLieInOtherPartitions() throws {
    let cluster = try Cluster(partitions: 4)
    try send(cluster, partitioner: "random", withKeys: false)
    let run = try cluster.program.run("run", "--exit-at-end")
    #expect(run.status == 0 && run.errors.contains("lie in another partition"), "\(run.errors)")
    let stories = try (0..<40).map {
      try cluster.program.run("explain", "conversions-\($0)").output
    }
    let unattributed = stories.filter { $0.contains("no eligible touch") }
    #expect(unattributed.count > 10)
    for story in unattributed {
      #expect(story.contains("the conversion in another; is the topic keyed by user_id"))
    }
  }
}
