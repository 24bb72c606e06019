import BrokerKit
import Foundation
import Kafka
import Testing

/// A foreign topic is adopted: looked at, mapped, processed, verified.
@Suite(.serialized) struct ForeignTopicCommandTests {
  private static let start: Int64 = 1_767_571_200

  /// Clicks and orders of ten users, and pages that nobody wants.
  private static let records: [(key: String, value: String)] = (0..<300).map { number in
    let user = "u-\(number % 10)"
    let time = "\(start + Int64(number) * 7).25"
    switch number % 3 {
    case 0:
      return (
        user,
        #"{"type":"\#(number % 2 == 0 ? "click" : "tap")","id":"k-\#(number)","userId":"\#(user)","timestamp":\#(time),"utm":{"campaign":"c-\#(number % 4)"}}"#
      )
    case 1:
      return (
        user,
        #"{"type":"order","id":"o-\#(number)","userId":"\#(user)","timestamp":\#(time),"total":\#(number).5}"#
      )
    default: return (user, #"{"type":"page","id":"p-\#(number)"}"#)
    }
  }

  private func send(_ topic: String, _ cluster: Cluster) throws {
    let producer = try Producer(
      cluster.clientConfiguration.merging(["partitioner": "murmur2_random"]), logger: quiet)
    defer { producer.close() }
    let handle = try producer.topic(topic)
    for record in Self.records {
      try Array(record.key.utf8).withUnsafeBytes { key in
        try Array(record.value.utf8).withUnsafeBytes { value in
          try producer.produce(handle, key: key, value: value, timestamp: nil)
        }
      }
    }
    try producer.flush(timeoutMilliseconds: 60_000)
  }

  @Test func aForeignTopicIsAdopted() throws {
    var cluster = try Cluster(partitions: nil)
    let topic = "\(cluster.prefix)-ad-events"
    let fields = "event_id: id, user_id: userId, event_time: {path: timestamp, unit: s}"
    cluster.program.environment["TRIBUTARY_INPUTS"] = """
      [{kind: click, topic: \(topic), where: {type: [click, tap]}, fields: {\(fields), campaign_id: utm.campaign}}, \
      {kind: conversion, topic: \(topic), where: {type: order}, fields: {\(fields), value: total}}]
      """
    let created = try cluster.program.run("topics", "create", "--partitions", "3")
    #expect(created.status == 0 && created.output.contains(topic), "\(created.errors)")
    #expect(!created.output.contains("-clicks"))
    try send(topic, cluster)

    let checked = try cluster.program.run("inputs", "check", "-n", "3")
    #expect(checked.status == 0, "\(checked.errors)")
    #expect(
      checked.output.contains(
        "300 records looked at: 200 events, 100 filtered, 0 that cannot be used"))
    #expect(checked.output.contains(#"filtered: type is "page""#))
    #expect(checked.output.contains("userId"))
    let json = try JSONSerialization.jsonObject(
      with: Data(try cluster.program.run("inputs", "check", "--json").output.utf8))
    let topics = try #require((json as? [String: Any])?["topics"] as? [[String: Any]])
    #expect(topics.count == 1 && topics[0]["events"] as? Int == 200)
    #expect((topics[0]["samples"] as? [Any])?.count == 20)

    let run = try cluster.program.run("run", "--exit-at-end", "--json")
    #expect(run.status == 0, "\(run.errors)")
    let counts = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any]
    let tally = try #require(counts?[topic] as? [String: Int])
    #expect(tally["records"] == 300 && tally["filtered"] == 100 && tally["accepted"] == 200)
    let verified = try cluster.program.run("verify", "--all")
    #expect(verified.status == 0, "\(verified.output)\(verified.errors)")
    #expect(verified.output.contains("filtered") && verified.output.contains("0 differences"))
    let explained = try cluster.program.run("explain", "o-31")
    #expect(explained.status == 0, "\(explained.errors)")
    #expect(explained.output.contains("k-21"))
  }

  /// A repaired mapping holds from now on; other ids would count events twice.
  @Test func aMappingThatHasChangedIsSaidOrRefused() throws {
    var cluster = try Cluster(partitions: nil)
    let topic = "\(cluster.prefix)-ad-events"
    func map(_ click: String, user: String = "userId", more: String = "") {
      let ids = "event_id: id, user_id: \(user), event_time: {path: timestamp, unit: s}"
      cluster.program.environment["TRIBUTARY_INPUTS"] =
        "[{kind: click, topic: \(topic), where: {type: [click, tap]}, fields: {\(ids), \(click)}}\(more)]"
    }
    map("campaign_id: utm.campaign")
    _ = try cluster.program.run("topics", "create", "--partitions", "2")
    try send(topic, cluster)
    var run = try cluster.program.run("run", "--exit-at-end")
    #expect(run.status == 0 && !run.errors.contains("has changed"), "\(run.errors)")
    run = try cluster.program.run("run", "--exit-at-end")
    #expect(run.status == 0 && !run.errors.contains("has changed"), "\(run.errors)")

    // Another source of a name, and another kind.
    let ids = "event_id: id, user_id: userId, event_time: {path: timestamp, unit: s}"
    map(
      "campaign_id: utm.campaign, channel: {value: paid}",
      more:
        ", {kind: conversion, topic: \(topic), where: {type: order}, fields: {\(ids), value: total}}"
    )
    run = try cluster.program.run("run", "--exit-at-end")
    #expect(run.status == 0, "\(run.errors)")
    let warnings = run.errors.split(separator: "\n").filter { $0.contains("has changed") }
    #expect(warnings.count == 1 && warnings.first?.contains(topic) == true, "\(run.errors)")

    map("campaign_id: utm.campaign", user: "{first: [device, userId]}")
    let refused = try cluster.program.run("run", "--exit-at-end")
    #expect(refused.status == 1)
    #expect(
      refused.errors.contains("of \(topic) from elsewhere than before")
        && refused.errors.contains("restore the former mapping"), "\(refused.errors)")
  }

  @Test func whatNeverFitsIsSaidByConfigCheckAndCountedAtRunTime() throws {
    var cluster = try Cluster(partitions: nil)
    let topic = "\(cluster.prefix)-ad-events"
    let ids = "event_id: id, user_id: userId, event_time: {path: timestamp, unit: s}"
    cluster.program.environment["TRIBUTARY_INPUTS"] = """
      [{kind: click, topic: \(topic), rekey: true, where: {type: [click, tap]}, fields: {\(ids), campaign_id: \
      utm.campaign, ad_id: utm.creative}}, {kind: impression, topic: \(topic), rekey: true, where: {type: view}, \
      fields: {\(ids)}}, {kind: conversion, topic: \(topic), rekey: true, where: {type: order}, fields: {\(ids), \
      value: sum}}]
      """
    _ = try cluster.program.run("topics", "create", "--partitions", "2")
    try send(topic, cluster)
    let checked = try cluster.program.run("config", "check")
    #expect(checked.status == 0, "\(checked.output)\(checked.errors)")
    for line in [
      "ok       group \(cluster.prefix)-rekey: allowed",
      "warning  records of \(topic): \(topic), click (entry 1): ad_id: utm.creative is in none of 100 records",
      "warning  records of \(topic): \(topic), impression (entry 2): `where` holds for none of 300 records",
      "warning  records of \(topic): \(topic), conversion (entry 3): value: sum is in none of 100 records",
      "ok       records of \(topic): 300 looked at: 200 events, 100 filtered, 0 that cannot be used",
    ] { #expect(checked.output.contains(line), "\(line) is not in:\n\(checked.output)") }
    // The topics that producers write, not the internal ones.
    let inputs = try cluster.program.run("inputs", "check", "-n", "1")
    #expect(
      inputs.status == 0 && !inputs.output.contains("-keyed-"), "\(inputs.output)\(inputs.errors)")

    let folder = try TemporaryFolder()
    let run = try cluster.program.start(
      ["run", "--http", "0"], outputFolder: folder.make("run"))
    defer { _ = run.wait(seconds: 0) }
    let scrape = Scrape(address: try Scrape.address(in: folder, "run/errors"))
    let deadline = Date() + 60
    while try scrape.metrics().sum("tributary_records_total", "\"rekeyed\"") < 200,
      Date() < deadline
    { usleep(200_000) }
    let metrics = try scrape.metrics()
    let matches = "tributary_input_matches_total"
    #expect(metrics.sum(matches, "1 click") == 100 && metrics.sum(matches, "3 conversion") == 100)
    #expect(metrics.keys.contains { $0.hasPrefix(matches) && $0.contains("2 impression") })
    #expect(metrics.sum(matches, "2 impression") == 0)
  }

  @Test func aMappingIsProposedForATopicThatIsNoInputYet() throws {
    let cluster = try Cluster(partitions: nil)
    let topic = "\(cluster.prefix)-clicks"
    _ = try cluster.program.run("topics", "create", "--partitions", "2")
    try send(topic, cluster)
    // In our own form nothing of it can be used.
    let checked = try cluster.program.run("inputs", "check", "--topic", topic)
    #expect(checked.status == 1)
    #expect(
      checked.output.contains(
        "missing_field: event_id is missing; so are user_id, event_time, campaign_id"))
    #expect(checked.output.contains("a mapping to begin with"))
    #expect(checked.output.contains("event_time: {path: timestamp, unit: s}"))
    #expect(checked.output.contains("campaign_id: utm.campaign"))
    #expect(checked.errors.contains("can be used"))
    let missing = try cluster.program.run("inputs", "check", "--topic", "\(topic)-none")
    #expect(missing.status == 1 && missing.errors.contains("there is no topic"))
    var wrong = cluster.program
    wrong.environment["TRIBUTARY_INPUTS"] = "[{kind: click, topic: \(topic), where: {$kay: a}}]"
    let refused = try wrong.run("inputs", "check")
    #expect(refused.status == 2 && refused.errors.contains("did you mean $key?"))
  }
}
