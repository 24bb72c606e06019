import BrokerKit
import Foundation
import Kafka
import TestServers
import Testing

/// Refunds, fraud and restated costs from the topics to what is published, and the deduped stream.
@Suite(.serialized) struct VersionCommandTests {
  private struct Verdict: Decodable {
    struct Input: Decodable {
      var topic: String
      var records: Int
      var accepted: Int
      var replaced: Int
    }
    var inputs: [Input]
    var differences: Int
  }

  private func verify(_ cluster: Cluster) throws -> Verdict {
    let result = try cluster.program.run("verify", "--json")
    #expect(result.status == 0, "\(result.output)\(result.errors)")
    return try JSONDecoder().decode(Verdict.self, from: Data(result.output.utf8))
  }

  @Test func whatCountedIsPublishedVerifiedAndInTheDedupedStream() throws {
    let topic = LocalBroker.uniqueName("accepted")
    let cluster = try Cluster(["TRIBUTARY_TOPICS_ACCEPTED": topic])
    var result = try cluster.program.run(
      "generate", "--profile", "dense", "--events", "3000", "--seed", "5", "--costs", "--users",
      "300",
      "--version-rate", "0.3", "--late", "0.05")
    #expect(result.status == 0, "\(result.errors)")
    result = try cluster.program.run("run", "--exit-at-end", "--json")
    #expect(result.status == 0, "\(result.errors)")
    let verdict = try verify(cluster)
    #expect(verdict.differences == 0)
    let replaced = verdict.inputs.reduce(0) { $0 + $1.replaced }
    #expect(replaced > 500)
    let records = try cluster.records(of: topic)
    #expect(records.count == verdict.inputs.reduce(0) { $0 + $1.accepted } + replaced)
    let values = records.map { String(decoding: $0.value ?? [], as: UTF8.self) }
    #expect(values.count { $0.contains(#""replaces":"#) } == replaced)
    #expect(values.contains { $0.contains(#""deleted":true"#) && $0.contains(#""version":"#) })
    #expect(values.contains { $0.hasPrefix(#"{"kind":"cost","event_id":"f-"#) })

    // A reset clears it, and the next run fills it again.
    result = try cluster.program.run("reset", "--yes", "--ignore-members")
    #expect(result.status == 0, "\(result.errors)")
    #expect(try cluster.records(of: topic).isEmpty)
    result = try cluster.program.run("run", "--exit-at-end")
    #expect(result.status == 0, "\(result.errors)")
    #expect(try cluster.records(of: topic).count == records.count)
    #expect(try verify(cluster).differences == 0)
  }

  @Test func aRefundIsExplainedReportedAndPutIntoTables() throws {
    let cluster = try Cluster()
    func send(_ topic: String, _ id: String, _ time: String, _ fields: String) throws {
      let producer = try Producer(cluster.clientConfiguration, logger: quiet)
      defer { producer.close() }
      let value = """
        {"event_id":"\(id)","user_id":"u-1","event_time":"2026-01-05T\(time)Z",\(fields)}
        """
      try Array("u-1".utf8).withUnsafeBytes { key in
        try Array(value.utf8).withUnsafeBytes { value in
          try producer.produce(
            try producer.topic("\(cluster.prefix)-\(topic)"),
            partition: StandardPartitioner.partition(key: key, count: 4), key: key, value: value,
            timestamp: nil)
        }
      }
      try producer.flush(timeoutMilliseconds: 10_000)
    }
    func process() throws {
      let result = try cluster.program.run("run", "--exit-at-end")
      #expect(result.status == 0, "\(result.errors)")
    }
    let place = #""campaign_id":"c-1","channel":"email""#
    try send("clicks", "k-1", "09:40:00", place)
    try send("clicks", "k-2", "09:50:00", place)
    try send("conversions", "v-1", "10:00:00", #""value":"59.90""#)
    try send("conversions", "v-2", "10:00:00", #""value":"5""#)
    try process()
    try send("clicks", "k-2", "09:50:00", place + #","version":1,"deleted":true"#)
    try process()
    try send("conversions", "v-1", "10:00:00", #""value":"19.90","version":1"#)
    try send("conversions", "v-2", "10:00:00", #""version":1,"deleted":true"#)
    try process()
    try send("conversions", "v-1", "10:00:00", #""value":"59.90""#)
    try process()

    var text = try cluster.program.run("explain", "v-1").output
    for line in [
      "version 0: 59.900000, 2026-01-05T10:00:00.000Z: replaced by version 1",
      "version 1: 19.900000, 2026-01-05T10:00:00.000Z: counts",
      "version 0: 59.900000, 2026-01-05T10:00:00.000Z: a duplicate",
      "k-2  c-1 / email  replaced by version 1",
      "k-2 version 1  c-1 / email  deleted: it counts for nothing",
      "revision 2: click k-2 was deleted",
      "revision 3: its value is 19.900000, was 59.900000",
    ] { #expect(text.contains(line), "\(line) is not in:\n\(text)") }
    text = try cluster.program.run("explain", "v-2", "--json").output
    #expect(text.contains(#""deleted":true,"versions":["#), "\(text)")
    #expect(text.contains("deleted: it is worth nothing from now on"), "\(text)")

    let database = try TestDatabase(.sqlite)
    defer { database.remove() }
    let sink = try cluster.program.run("sink", "--to", database.address, "--exit-at-end")
    #expect(sink.status == 0, "\(sink.errors)")
    let rows = try database.ask(
      """
      SELECT conversion_id, value_micros, touch_count, deleted, revision FROM attributions
      ORDER BY conversion_id;
      """)
    #expect(rows == "v-1|19900000|1|0|3\nv-2|0|0|1|3\n")
    let verdict = try verify(cluster)
    #expect(verdict.differences == 0)
  }
}
