// Safety: keys and values are lent to the producer for one call, which copies them.

import Foundation
import Kafka
import Testing

/// `explain` tells how a conversion came about.
@Suite(.serialized) struct ExplainTests {
  private struct Name: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  private struct Story: Decodable {
    struct Touch: Decodable {
      var eventID: String
      var eligible: Bool
      var verdict: String
    }
    struct Revision: Decodable {
      var revision: Int
      var changes: [String]
      var touches: [String]
      var revenue: [String: [String]]
    }
    var userID: String
    var touches: [Touch]
    var revisions: [Revision]
  }

  /// Writes an event under its user's key.
  ///
  /// - Parameter shift: how far from the standard partitioner's choice its partition is.
  private func send(
    _ cluster: Cluster, _ topic: String, _ id: String, _ user: String, _ time: String,
    _ fields: String, shift: Int32 = 0
  ) throws {
    let producer = try Producer(cluster.clientConfiguration, logger: quiet)
    defer { producer.close() }
    let handle = try producer.topic("\(cluster.prefix)-\(topic)")
    let value = """
      {"event_id":"\(id)","user_id":"\(user)","event_time":"2026-01-05T\(time)Z",\(fields)}
      """
    try Array(user.utf8).withUnsafeBytes { key in
      try Array(value.utf8).withUnsafeBytes { value in
        let partition = (StandardPartitioner.partition(key: key, count: 4) + shift) % 4
        try producer.produce(handle, partition: partition, key: key, value: value, timestamp: nil)
      }
    }
    try producer.flush(timeoutMilliseconds: 10_000)
  }

  private func process(_ cluster: Cluster) throws {
    let result = try cluster.program.run("run", "--exit-at-end")
    #expect(result.status == 0, "\(result.errors)")
  }

  private func story(_ cluster: Cluster, _ id: String) throws -> Story {
    let result = try cluster.program.run("explain", id, "--json")
    #expect(result.status == 0, "\(result.errors)")
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .custom { path in
      let name = path[path.count - 1].stringValue
      return Name(stringValue: ["event_id": "eventID", "user_id": "userID"][name] ?? name)
    }
    return try decoder.decode(Story.self, from: Data(result.output.utf8))
  }

  @Test func everyTouchSaysWhyItCountsAndEveryRevisionWhatChangedIt() throws {
    let cluster = try Cluster(["TRIBUTARY_MODELS": "[last_touch, linear]"])
    let place = #""campaign_id":"c-1","channel":"email""#
    try send(cluster, "clicks", "k-early", "u-1", "09:20:00", place)
    try send(cluster, "clicks", "k-1", "u-1", "09:40:00", place)
    try send(cluster, "clicks", "k-1", "u-1", "09:40:00", place)
    try send(cluster, "clicks", "k-other", "u-2", "09:41:00", place)
    try send(cluster, "impressions", "i-1", "u-1", "09:50:00", place)
    try send(cluster, "conversions", "v-1", "u-1", "10:00:00", #""value":"59.90""#)
    try send(cluster, "clicks", "k-after", "u-1", "10:00:05", place)
    try process(cluster)
    try send(cluster, "clicks", "k-2", "u-1", "09:55:00", place)
    try process(cluster)

    let story = try story(cluster, "v-1")
    #expect(story.userID == "u-1")
    #expect(
      story.touches.map { "\($0.eventID): \($0.verdict)" } == [
        "k-early: too early, by 10 min 0 s", "k-1: eligible", "k-1: a duplicate",
        "i-1: impressions earn no credit here", "k-2: eligible",
        "k-after: after the conversion, by 5.000 s",
      ])
    #expect(story.touches.filter(\.eligible).map(\.eventID) == ["k-1", "k-2"])
    #expect(story.revisions.map(\.revision) == [1, 2])
    #expect(story.revisions.map(\.touches) == [["k-1"], ["k-1", "k-2"]])
    #expect(
      story.revisions.map(\.changes) == [
        ["credited for the first time"], ["click k-2 came late and takes its place"],
      ])
    #expect(
      story.revisions[1].revenue == [
        "last_touch": ["0.000000", "59.900000"], "linear": ["29.950000", "29.950000"],
      ])
    let text = try cluster.program.run("explain", "v-1")
    #expect(text.output.contains("● click k-2  c-1 / email  eligible"))
    let missing = try cluster.program.run("explain", "v-2")
    #expect(missing.status == 1)
    #expect(missing.errors == "tributary: no conversion v-2 was accepted\n")
  }

  /// Whoever wrote the inputs may have chosen partitions another way, as long as all did alike.
  @Test func touchesAreFoundWhereverTheirProducerPutThem() throws {
    let cluster = try Cluster()
    let place = #""campaign_id":"c-1""#
    try send(cluster, "clicks", "k-1", "u-1", "09:40:00", place, shift: 1)
    try send(cluster, "clicks", "k-after", "u-1", "10:10:00", place, shift: 1)
    try send(cluster, "conversions", "v-1", "u-1", "10:00:00", #""value":"1""#, shift: 1)
    try process(cluster)
    #expect(try story(cluster, "v-1").touches.map(\.eventID) == ["k-1", "k-after"])
  }

  @Test func aTouchOfAnotherAccountSaysSo() throws {
    let cluster = try Cluster(["TRIBUTARY_MATCH_ON": "account_id"])
    let place = #""campaign_id":"c-1","account_id"#
    try send(cluster, "clicks", "k-1", "u-1", "09:40:00", "\(place)\":\"a-1\"")
    try send(cluster, "clicks", "k-2", "u-1", "09:50:00", "\(place)\":\"a-2\"")
    try send(cluster, "clicks", "k-3", "u-1", "09:55:00", #""campaign_id":"c-1""#)
    try send(cluster, "conversions", "v-1", "u-1", "10:00:00", #""account_id":"a-1""#)
    try process(cluster)
    #expect(
      try story(cluster, "v-1").touches.map { "\($0.eventID): \($0.verdict)" } == [
        "k-1: eligible", "k-2: another account_id (match_on)",
        "k-3: another account_id (match_on)",
      ])
  }
}
