// Safety: keys and values are lent to the producer for one call, which copies them.

import Foundation
import Kafka
import Testing

/// What could not be used: listed, and sent through again.
@Suite(.serialized) struct DeadLetterTests {
  /// A click of a user, as a producer with a mistake sends it and as it should be.
  private func click(_ number: Int, _ fields: String) -> String {
    #"{"event_id":"k-\#(number)","user_id":"u-\#(number)",\#(fields)}"#
  }

  private func send(_ values: [String], to topic: String, _ cluster: Cluster) throws {
    let producer = try Producer(cluster.clientConfiguration, logger: quiet)
    defer { producer.close() }
    let handle = try producer.topic(topic)
    for (number, value) in values.enumerated() {
      try Array("u-\(number)".utf8).withUnsafeBytes { key in
        try Array(value.utf8).withUnsafeBytes { value in
          try producer.produce(
            handle, partition: Int32(number % 2), key: key, value: value, timestamp: nil,
            headers: [
              Header(name: "trace", value: Array("t-\(number)".utf8)),
              Header(name: "reason", value: Array("the producer's own".utf8)),
            ])
        }
      }
    }
    try producer.flush(timeoutMilliseconds: 10_000)
  }

  private func json(_ text: String) throws -> [String: Any] {
    try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  private func run(_ cluster: Cluster, _ environment: [String: String] = [:]) throws {
    let program = Program(
      environment: cluster.program.environment.merging(environment) { $1 })
    let result = try program.run("run", "--exit-at-end")
    #expect(result.status == 0, "\(result.errors)")
  }

  /// Three faults in two topics, and a click that is fine.
  private func makeDeadLetters(_ cluster: Cluster) throws {
    try send(
      [
        click(0, #""event_time":"05.01.2026","campaign_id":"c""#),
        click(1, #""event_time":"06.01.2026","campaign_id":"c""#),
        click(2, #""event_time":"2026-01-05T08:00:00Z""#),
        click(3, #""event_time":"2026-01-05T08:00:00Z","campaign_id":"c""#),
      ], to: cluster.configuration.topics.clicks, cluster)
    try send(["not JSON"], to: cluster.configuration.topics.conversions, cluster)
    try run(cluster)
  }

  @Test func deadLettersSayWhichFieldAndWhatIsWrongWithIt() throws {
    let cluster = try Cluster(partitions: 2)
    try makeDeadLetters(cluster)
    let letters = try cluster.records(of: cluster.configuration.topics.deadLetters)
    let clicks = letters.filter {
      $0.headers["source_topic"] == cluster.configuration.topics.clicks
    }
    let fields = Dictionary(grouping: clicks) { $0.headers["field"] ?? "none" }
    #expect(fields.mapValues(\.count) == ["event_time": 2, "campaign_id": 1])
    for letter in fields["event_time"] ?? [] {
      #expect(letter.headers["reason"] == "invalid_field")
      #expect(letter.headers["detail"]?.hasPrefix("is not a time") == true)
    }
    #expect(fields["campaign_id"]?.first?.headers["detail"] == "is missing")
    let conversion = try #require(
      letters.first { $0.headers["source_topic"] == cluster.configuration.topics.conversions })
    #expect(conversion.headers["field"] == nil)
    #expect(conversion.headers["detail"] == "is no JSON object")
  }

  @Test func theListHasAReasonAFieldAndAnExampleOfEach() throws {
    let cluster = try Cluster(partitions: 2)
    try makeDeadLetters(cluster)
    let clicks = cluster.configuration.topics.clicks
    let list = try cluster.program.run("dead-letters")
    #expect(list.status == 0, "\(list.errors)")
    #expect(list.output.hasPrefix("4 dead letters"))
    #expect(list.output.contains("event_time is not a time"))
    #expect(list.output.contains("campaign_id is missing"))
    #expect(!list.output.contains("05.01.2026") && !list.output.contains("06.01.2026"))
    let shown = try cluster.program.run("dead-letters", "--show-values")
    #expect(shown.output.contains("06.01.2026") || shown.output.contains("05.01.2026"))

    let all = try json(cluster.program.run("dead-letters", "--by", "day", "--json").output)
    #expect(all["dead_letters"] as? Int == 4)
    let groups = try #require(all["groups"] as? [[String: Any]])
    #expect(groups.count == 3)
    #expect(groups[0]["records"] as? Int == 2 && groups[0]["field"] as? String == "event_time")
    let example = try #require(groups[0]["example"] as? [String: Any])
    #expect((example["place"] as? String)?.hasPrefix("\(clicks)-") == true)
    #expect(example["value"] == nil)
    let days = try #require(all["by_day"] as? [[String: Any]])
    #expect(days.reduce(0) { $0 + ($1["invalid_field"] as? Int ?? 0) } == 2)

    for (arguments, count) in [
      (["--reason", "missing_field"], 1), (["--topic", clicks], 3), (["--since", "1h"], 4),
      (["--since", "2100-01-01T00:00:00Z"], 0),
    ] {
      let some = try cluster.program.run(arguments: ["dead-letters", "--json"] + arguments)
      #expect(try json(some.output)["dead_letters"] as? Int == count, "\(arguments)")
    }
    let wrong = try cluster.program.run("dead-letters", "--since", "yesterday")
    #expect(wrong.status == 2 && wrong.errors.contains("--since yesterday"))
  }

  @Test func aReplaySendsEachOnceAsItCame() throws {
    let cluster = try Cluster(partitions: 2)
    try makeDeadLetters(cluster)
    let clicks = cluster.configuration.topics.clicks
    let before = try cluster.records(of: clicks)
    let dry = try cluster.program.run("dead-letters", "--replay", "--topic", clicks)
    #expect(dry.output.contains("3 records would go to \(clicks)"), "\(dry.output)\(dry.errors)")
    #expect(try cluster.records(of: clicks).count == 4)
    let nowhere = try cluster.program.run("dead-letters", "--replay", "--topic", "nosuch")
    #expect(
      nowhere.status == 1 && nowhere.errors.contains("--topic nosuch is none of the inputs (")
        && nowhere.errors.contains(clicks), "\(nowhere.errors)")

    let one = ["dead-letters", "--replay", "--yes", "--reason", "missing_field", "--json"]
    #expect(try json(cluster.program.run(arguments: one).output)["sent"] as? Int == 1)
    let again = try json(cluster.program.run(arguments: one).output)
    #expect(again["sent"] as? Int == 0 && again["sent_before"] as? Int == 1)
    let rest = try json(
      cluster.program.run("dead-letters", "--replay", "--yes", "--topic", clicks, "--json").output)
    #expect(rest["sent"] as? Int == 2 && rest["sent_before"] as? Int == 1)
    let list = try json(cluster.program.run("dead-letters", "--json").output)
    #expect(list["replayed"] as? Int == 3)

    let after = try cluster.records(of: clicks)
    #expect(after.count == 7)
    // Each is what it was, in the partition where it was.
    for record in after {
      let twins = after.filter {
        $0.partition == record.partition && $0.key == record.key && $0.value == record.value
          && $0.headers == record.headers
      }
      let original = before.filter { $0.value == record.value }
      #expect(original.count == 1)
      let isFine = record.headers["trace"] == "t-3"
      #expect(twins.count == (isFine ? 1 : 2), "\(record.headers)")
      #expect(record.headers["source_topic"] == nil && record.headers["detail"] == nil)
    }

    // Refused again, and again dead letters; every record is accounted for.
    try run(cluster)
    let verified = try cluster.program.run("verify", "--all")
    #expect(verified.status == 0, "\(verified.output)\(verified.errors)")
    #expect(
      try json(cluster.program.run("dead-letters", "--json").output)["dead_letters"] as? Int == 7)
  }

  @Test func whatWasRepairedCountsAfterAReplay() throws {
    let cluster = try Cluster(partitions: 2)
    let topic = cluster.configuration.topics.clicks
    let usd = #""event_time":"2026-01-05T08:00:00Z","campaign_id":"c","currency":"USD""#
    let micro = #""event_time":"2026-01-05T08:00:00Z","campaign_id":"c","cost":"0.12345678""#
    try send([click(0, usd), click(1, micro)], to: topic, cluster)
    let rounding = ["TRIBUTARY_EXCESS_DECIMALS": "round"]
    // The same application, whose configuration is repaired later.
    try run(cluster)
    let program = Program(environment: cluster.program.environment.merging(rounding) { $1 })
    let sent = try program.run("dead-letters", "--replay", "--yes")
    #expect(sent.output.contains("2 records sent to \(topic)"), "\(sent.output)\(sent.errors)")
    let list = try json(program.run("dead-letters", "--json").output)
    #expect(list["replayed"] as? Int == 2 && list["dead_letters"] as? Int == 2)
  }

  @Test func aCutRecordIsNamedAndLeftOut() throws {
    let cluster = try Cluster(partitions: 2)
    let topics = cluster.configuration.topics
    try cluster.makeAdmin().setTopicConfiguration(
      topics.deadLetters, ["max.message.bytes": "6000"], timeoutMilliseconds: 10_000)
    let padding = String(repeating: "x", count: 20_000)
    try send(
      [click(0, #""event_time":"never","padding":"\#(padding)""#)], to: topics.clicks, cluster)
    try run(cluster)
    let letters = try cluster.records(of: topics.deadLetters)
    // Brokers that ignore the limit cut nothing.
    guard letters.first?.headers["cut"] != nil else { return }
    let result = try json(
      cluster.program.run("dead-letters", "--replay", "--yes", "--json").output)
    #expect(result["sent"] as? Int == 0 && result["cut"] as? Int == 1)
    #expect((result["cut_records"] as? [String])?.first?.contains("offset 0") == true)
  }
}
