import BrokerKit
import Foundation
import Kafka
import Testing

/// A run refuses what it must not add to, before it writes anything; a reset clears it away.
@Suite(.serialized) struct RefusedStartTests {
  @Test func otherDefinitionsAreRefused() throws {
    let cluster = try clusterWithHistory()
    var changed = cluster.program
    changed.environment["TRIBUTARY_MODELS"] = "[linear]"
    try expectRefusal(
      by: changed, cluster, naming: "\(cluster.prefix)-state was written by another")
  }

  @Test func rollupsOfAnotherApplicationAreRefused() throws {
    let cluster = try clusterWithHistory()
    var other = cluster.program
    other.environment["TRIBUTARY_APPLICATION_ID"] = "\(cluster.prefix)-other"
    _ = try other.run("topics", "create")
    other.environment["TRIBUTARY_TOPICS_ATTRIBUTIONS"] = "\(cluster.prefix)-others-attributions"
    _ = try other.run("topics", "create")
    try expectRefusal(by: other, cluster, naming: "-rollups was written by another application_id")
  }

  @Test func attributionsOfAnotherApplicationAreRefused() throws {
    let cluster = try clusterWithHistory()
    var other = cluster.program
    other.environment["TRIBUTARY_APPLICATION_ID"] = "\(cluster.prefix)-other"
    other.environment["TRIBUTARY_TOPICS_ROLLUPS"] = "\(cluster.prefix)-others-rollups"
    _ = try other.run("topics", "create")
    try expectRefusal(by: other, cluster, naming: "\(cluster.prefix)-attributions holds records")
  }

  @Test func stateOfAnUnknownFormatIsRefused() throws {
    let cluster = try clusterWithHistory()
    let producer = try Producer(cluster.clientConfiguration, logger: quiet)
    let state = try producer.topic(cluster.configuration.stateTopic)
    try Array("keyed|progress".utf8).withUnsafeBytes { key in
      try [UInt8](repeating: 99, count: 64).withUnsafeBytes { value in
        try producer.produce(state, partition: 0, key: key, value: value)
      }
    }
    try producer.flush(timeoutMilliseconds: 10_000)
    producer.close()
    try expectRefusal(by: cluster.program, cluster, naming: "-state has an unknown format")
  }

  /// The trap of cleaning up by hand: each of these would count events twice, or not at all.
  @Test(arguments: ["state", "deltas", "rollups", "clicks", "offsets"])
  func whatWasClearedInPartIsRefused(_ part: String) throws {
    let cluster = try clusterWithHistory()
    let admin = try cluster.makeAdmin()
    switch part {
    case "offsets":
      // As if they had expired. Nobody can delete a group whose members the broker remembers.
      let partitions = partitions(of: cluster)
      let producer = try TransactionalProducer(
        ["bootstrap.servers": cluster.broker.bootstrapServers, "transactional.id": cluster.prefix],
        logger: quiet)
      defer { producer.close() }
      try producer.initTransactions(timeoutMilliseconds: 10_000)
      try producer.begin()
      for stage in ["attribution", "rollups"] {
        try producer.sendOffsets(
          Dictionary(uniqueKeysWithValues: partitions.map { ($0, 0) }),
          group: ConsumerGroupMetadata(group: "\(cluster.prefix)-\(stage)"),
          timeoutMilliseconds: 10_000)
      }
      try producer.commit(timeoutMilliseconds: 10_000)
    default:
      try admin.deleteTopics(["\(cluster.prefix)-\(part)"], timeoutMilliseconds: 10_000)
      _ = try cluster.program.run("topics", "create")
    }
    try expectRefusal(by: cluster.program, cluster, naming: "`tributary reset` starts again")
  }

  @Test func aResetStartsAgainFromTheBeginning() throws {
    let cluster = try clusterWithHistory()
    var changed = cluster.program
    changed.environment["TRIBUTARY_MODELS"] = "[linear]"
    let reset = try changed.run("reset", "--yes", "--ignore-members")
    #expect(reset.status == 0, "\(reset.errors)")
    for name in ["rollups", "attributions", "dead-letters", "late-events", "state", "deltas"] {
      #expect(reset.output.contains("\(cluster.prefix)-\(name) "), "\(reset.output)")
    }
    #expect(!reset.output.contains("-clicks"))
    let again = try changed.run("run", "--exit-at-end")
    #expect(again.status == 0, "\(again.errors)")
    let verified = try changed.run("verify", "--all")
    #expect(verified.status == 0, "\(verified.output)\(verified.errors)")
  }

  @Test func aModelIsAddedAndFilledForThePast() throws {
    // Dynamic members: the backfill takes partitions over.
    let cluster = try clusterWithHistory(instanceID: "")
    var changed = cluster.program
    changed.environment["TRIBUTARY_MODELS"] = "[last_touch, linear]"
    try expectRefusal(
      by: changed, cluster, naming: "model linear is new", advice: "--models linear")
    changed.environment["TRIBUTARY_MODELS"] =
      "[last_touch, {name: linear, since: \"2026-02-01T00:00:00Z\"}]"
    let report = [
      "report", "--day", "2026-01-05", "--provisional", "--model", "linear", "--json",
    ]
    let run = try changed.run("run", "--exit-at-end")
    #expect(run.status == 0, "\(run.errors)")
    let unfilled = try changed.run(arguments: report)
    #expect(unfilled.status == 1)
    #expect(unfilled.errors.contains("`tributary backfill --models linear` fills the time before"))

    let unknown = try changed.run(
      "backfill", "--from", "2026-01-05", "--to", "2026-01-07", "--models", "time_decay")
    #expect(unknown.status == 2 && unknown.errors.contains("there are last_touch, linear"))
    let fill = ["backfill", "--from", "2026-01-05", "--to", "2026-01-07", "--models", "linear"]
    let filled = try changed.run(arguments: fill)
    #expect(filled.status == 0, "\(filled.errors)")
    let day = try changed.run(arguments: report)
    #expect(day.status == 0, "\(day.errors)")
    #expect(!day.output.contains("\"conversions_accepted\":0"))
    let again = try changed.run(arguments: fill + ["--json"])
    #expect(again.output.contains("\"windows_changed\":0"))
    let verified = try changed.run("verify", "--all")
    #expect(verified.status == 0, "\(verified.output)\(verified.errors)")
    // The former configuration knows nothing of the model.
    try expectRefusal(by: cluster.program, cluster, naming: "-state was written by another")
  }

  @Test func aResetThatNobodyConfirmsDeletesNothing() throws {
    let cluster = try clusterWithHistory()
    let reset = try cluster.program.run("reset", "--keep-set-aside")
    #expect(reset.status == 1)
    #expect(reset.errors.contains("nothing was deleted"))
    #expect(!reset.output.contains("-dead-letters"))
    let verified = try cluster.program.run("verify", "--all")
    #expect(verified.status == 0, "\(verified.output)\(verified.errors)")
  }

  @Test func aResetUnderARunningProcessorDeletesNothing() throws {
    let cluster = try clusterWithHistory()
    let folder = try TemporaryFolder()
    let process = try cluster.program.start(["run"], outputFolder: folder.url)
    defer { process.terminate() }
    try folder.wait(for: "rollup partition(s) taken over", in: "errors")
    let reset = try cluster.program.run("reset", "--yes")
    #expect(reset.status == 1, "\(reset.output)")
    #expect(
      reset.errors.contains("nothing was deleted: a processor of \(cluster.prefix) is running"))
    process.terminate()
    #expect(process.wait(seconds: 15))
    _ = try cluster.program.run("run", "--exit-at-end")
    let verified = try cluster.program.run("verify", "--all")
    #expect(verified.status == 0, "\(verified.output)\(verified.errors)")
  }

  private func partitions(of cluster: Cluster) -> [TopicPartition] {
    cluster.configuration.topicRequirements.flatMap { topic in
      (0..<4).map { TopicPartition(topic: topic.name, partition: $0) }
    }
  }

  /// Topics with a finished run behind them.
  private func clusterWithHistory(instanceID: String? = nil) throws -> Cluster {
    var cluster = try Cluster()
    if let instanceID { cluster.program.environment["TRIBUTARY_INSTANCE_ID"] = instanceID }
    _ = try cluster.program.run(
      "generate", "--profile", "dense", "--events", "3000", "--users", "300")
    let result = try cluster.program.run("run", "--exit-at-end")
    #expect(result.status == 0, "\(result.errors)")
    return cluster
  }

  /// One clear line, exit code 1, and not a record more than before.
  private func expectRefusal(
    by program: Program, _ cluster: Cluster, naming text: String,
    advice: String = "`tributary reset`"
  ) throws {
    let before = try ends(of: cluster)
    let result = try program.run("run", "--exit-at-end", timeout: 60)
    #expect(result.status == 1)
    #expect(result.errors.contains(text), "\(result.errors)")
    #expect(result.errors.contains(advice), "\(result.errors)")
    #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)")
    #expect(try ends(of: cluster) == before)
  }

  private func ends(of cluster: Cluster) throws -> [TopicPartition: Int64] {
    let consumer = try Consumer(cluster.clientConfiguration, logger: quiet)
    defer { consumer.close() }
    return try consumer.endOffsets(partitions(of: cluster), timeoutMilliseconds: 10_000)
  }
}
