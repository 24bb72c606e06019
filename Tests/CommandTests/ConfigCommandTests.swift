import Foundation
import Kafka
import Testing

/// `tributary config`, and where commands find their configuration.
@Suite(.serialized) struct ConfigCommandTests {
  @Test("The printed defaults are a file that every command takes, named by TRIBUTARY_CONFIG too")
  func printedDefaults() throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).yaml")
    defer { try? FileManager.default.removeItem(at: file) }
    let defaults = try Program().run("config", "print-default")
    #expect(defaults.status == 0)
    try Data(defaults.output.utf8).write(to: file)
    let result = try Program(environment: ["TRIBUTARY_CONFIG": file.path]).run(
      "config", "print", "-s", "lookback=7d")
    #expect(result.status == 0, "\(result)")
    #expect(result.output.contains("lookback: 7d  # -s\n"))
    #expect(result.output.contains("half_life: 7d  # \(file.path):"))
  }

  @Test("Variables that no command of ours reads here break none of them")
  func variablesOfOthers() throws {
    let program = Program(environment: [
      "TRIBUTARY_HTTP_TOKEN": "0123456789abcdef",
      "TRIBUTARY_SERVE_SERVICE_HOST": "10.0.0.1",
      "TRIBUTARY_KAFKA_BOOTSTRAP_PORT_9092_TCP_ADDR": "10.0.0.2",
    ])
    let result = try program.run("config", "check", "--offline")
    #expect(result.status == 0, "\(result)")
    #expect(result.output == "ok       configuration: can be used\n")
  }

  @Test("A cluster is asked everything that run asks it")
  func checkOfACluster() throws {
    let cluster = try Cluster(partitions: nil)
    let before = try cluster.program.run("config", "check")
    #expect(before.status == 1)
    #expect(before.output.contains("error    topics: missing topics "))
    _ = try cluster.program.run("topics", "create", "--partitions", "2")
    let after = try cluster.program.run("config", "check", "--json")
    #expect(after.status == 0, "\(after)")
    let topics = cluster.configuration.topics
    for subject in [
      "brokers", "topics", "read \(topics.clicks)", "write \(topics.attributions)",
      "group \(cluster.configuration.applicationID)-attribution", "clock",
    ] {
      #expect(
        after.output.contains(#"{"outcome":"ok","subject":"\#(subject)","#), "\(subject)")
    }
    // What was written was aborted: nobody sees it.
    _ = try cluster.program.run("generate", "--profile", "dense", "--events", "2000")
    #expect(try cluster.program.run("run", "--exit-at-end", timeout: 60).status == 0)
    #expect(try cluster.program.run("verify", timeout: 60).status == 0)
  }

  @Test("A broker that is not there is one error, and a wrong file another")
  func unreachable() throws {
    let result = try Program().run("config", "check", "-b", "127.0.0.1:1", timeout: 40)
    #expect(result.status == 1)
    #expect(result.output.contains("error    brokers: "))
    #expect(try Program().run("config", "check", "-s", "lookbak=1").status == 2)
  }
}
