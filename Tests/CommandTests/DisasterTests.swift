import BrokerKit
import Foundation
import Kafka
import Testing

/// What docs/operating/recovery.md says of each loss, done.
@Suite(.serialized) struct DisasterTests {
  private func clusterWithHistory() throws -> Cluster {
    let cluster = try Cluster(["TRIBUTARY_INSTANCE_ID": ""], partitions: 2)
    try expectSuccess(
      cluster, "generate", "--profile", "dense", "--events", "3000", "--seed", "3", "--start",
      "2026-01-05T00:00:00Z", "--late", "0.02", "--costs")
    try expectSuccess(cluster, "run", "--exit-at-end")
    return cluster
  }

  private func expectSuccess(_ cluster: Cluster, _ arguments: String...) throws {
    let result = try cluster.program.run(arguments: arguments)
    #expect(result.status == 0, "\(arguments): \(result.output)\(result.errors)")
  }

  private func lose(_ topic: String, of cluster: Cluster) throws {
    try cluster.makeAdmin().deleteTopics(
      ["\(cluster.prefix)-\(topic)"], timeoutMilliseconds: 10_000)
    try expectSuccess(cluster, "topics", "create", "--partitions", "2")
  }

  /// State, rollups and deltas hold nothing that the inputs do not say again.
  @Test(arguments: ["state", "rollups", "deltas"])
  func aResetMakesTheSameNumbersAgain(_ topic: String) throws {
    let cluster = try clusterWithHistory()
    try lose(topic, of: cluster)
    let refused = try cluster.program.run("run", "--exit-at-end")
    #expect(
      refused.status == 1 && refused.errors.contains("`tributary reset`"), "\(refused.errors)")
    try expectSuccess(cluster, "reset", "--yes", "--ignore-members")
    try expectSuccess(cluster, "run", "--exit-at-end")
    try expectSuccess(cluster, "verify", "--all")
  }

  @Test func withoutAttributionsARunGoesOnAndAResetWritesThemAgain() throws {
    let cluster = try clusterWithHistory()
    let before = try cluster.records(of: cluster.configuration.topics.attributions).count
    try lose("attributions", of: cluster)
    try expectSuccess(cluster, "run", "--exit-at-end")
    #expect(try cluster.records(of: cluster.configuration.topics.attributions).isEmpty)
    try expectSuccess(cluster, "reset", "--yes", "--ignore-members")
    try expectSuccess(cluster, "run", "--exit-at-end")
    #expect(try cluster.records(of: cluster.configuration.topics.attributions).count >= before / 2)
    try expectSuccess(cluster, "verify", "--all")
  }

  @Test func anInputThatWasMadeAnewIsRefusedAndAResetCountsWhatIsThere() throws {
    let cluster = try clusterWithHistory()
    try lose("conversions", of: cluster)
    let refused = try cluster.program.run("run", "--exit-at-end")
    #expect(refused.status == 1 && refused.errors.contains("-conversions"), "\(refused.errors)")
    try expectSuccess(cluster, "reset", "--yes", "--ignore-members")
    try expectSuccess(cluster, "run", "--exit-at-end")
    try expectSuccess(cluster, "verify", "--all")
  }
}
