import BrokerKit
import Foundation
import Kafka
import Testing

/// What is wrong with the set-up is said in one line, with the right exit code, and never hangs.
@Suite(.serialized) struct BadSetUpTests {
  @Test func unreachableBroker() throws {
    let result = try Program().run("run", "-b", "127.0.0.1:1", timeout: 40)
    #expect(result.status == 1)
    #expect(result.errors.contains("bootstrap.servers=127.0.0.1:1"))
    expectOneLine(result.errors)
  }

  @Test func missingTopics() throws {
    let cluster = try Cluster(partitions: nil)
    let result = try cluster.program.run("run")
    #expect(result.status == 1)
    #expect(result.errors.contains("missing topics \(cluster.prefix)-impressions"))
    #expect(result.errors.contains("tributary topics create"))
    expectOneLine(result.errors)
  }

  @Test func unequalPartitionCounts() throws {
    let cluster = try Cluster(partitions: nil)
    let clicks = TopicSpecification(name: "\(cluster.prefix)-clicks", partitions: 3)
    _ = try cluster.makeAdmin().createTopics([clicks], timeoutMilliseconds: 10_000)
    _ = try cluster.program.run("topics", "create", "--partitions", "2")
    let result = try cluster.program.run("run", "--exit-at-end")
    #expect(result.status == 1)
    #expect(result.errors.contains("\(cluster.prefix)-clicks has 3"))
    #expect(result.errors.contains("\(cluster.prefix)-conversions has 2"))
    expectOneLine(result.errors)
  }

  @Test func wrongKeyInTheFile() throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).yaml")
    defer { try? FileManager.default.removeItem(at: file) }
    try Data("currency: EUR\nlokback: 5m\n".utf8).write(to: file)
    let result = try Program().run("run", "-c", file.path)
    #expect(result.status == 2)
    #expect(
      result.errors.contains("\(file.path):2:1: unknown key \"lokback\"; did you mean lookback?"))
    expectOneLine(result.errors)
  }

  @Test func wrongFlagAndWrongCommand() throws {
    #expect(try Program().run("run", "--frobnicate").status == 2)
    #expect(try Program().run("frobnicate").status == 2)
    #expect(try Program().run("generate", "--profile", "dense", "--late", "3").status == 2)
    #expect(try Program().run("generate", "--profile", "dense", "--start", "yesterday").status == 2)
  }

  @Test func unwritableFolder() throws {
    let result = try Program().run(
      "generate", "--profile", "dense", "--events", "10", "--jsonl", "/proc/nowhere")
    #expect(result.status == 1)
    #expect(result.errors.hasPrefix("tributary: cannot write to /proc/nowhere: "))
    expectOneLine(result.errors)
  }

  @Test func wrongKafkaProperty() throws {
    let cluster = try Cluster()
    for property in ["no.such.property=1", "session.timeout.ms=soon"] {
      let result = try cluster.program.run("run", "--exit-at-end", "-X", property, timeout: 30)
      #expect(result.status == 1)
      #expect(result.errors.contains(property.prefix { $0 != "=" }))
    }
  }

  @Test func unwritableTopic() throws {
    let cluster = try Cluster()
    let admin = try cluster.makeAdmin()
    try admin.setTopicConfiguration(
      cluster.configuration.topics.attributions, ["max.message.bytes": "20"],
      timeoutMilliseconds: 10_000)
    _ = try cluster.program.run("generate", "--profile", "dense", "--events", "2000")
    let result = try cluster.program.run("run", "--exit-at-end", timeout: 60)
    #expect(result.status == 1)
    #expect(result.errors.split(separator: "\n").last?.contains("tributary: ") == true, "\(result)")
  }

  private func expectOneLine(_ text: String) {
    #expect(text.split(separator: "\n").count == 1, "\(text)")
  }
}
