import Foundation
import Kafka
import Testing

/// What other processors are known to lose: keys over two partitions, two workers, short windows, a
/// rebalance in mid-window, then SIGKILL.
@Suite struct RebalanceInMidWindowTests {
  @Test func noBucketIsShort() throws {
    let cluster = try Cluster(
      [
        "TRIBUTARY_COMMIT_INTERVAL": "100ms", "TRIBUTARY_WORKERS": "1",
        "TRIBUTARY_VIEWS": "[{name: campaign_1s, dimensions: [campaign_id], period: 1s}]",
      ], partitions: 2)
    let folder = try TemporaryFolder()
    let traffic = try cluster.program.start(
      ["generate", "--profile", "dense", "--events", "8000", "--rate", "2000", "--campaigns", "4"],
      outputFolder: folder.make("traffic"))
    let first = try instance("first", of: cluster).start(
      ["run"], outputFolder: folder.make("first"))
    defer { kill(first.processIdentifier, SIGKILL) }
    try folder.wait(for: "2 rollup partition(s) taken over", in: "first/errors")
    let second = try instance("second", of: cluster).start(
      ["run"], outputFolder: folder.make("second"))
    // Both partitions were the first's; now each has one.
    try folder.wait(for: "1 rollup partition(s) taken over", in: "second/errors")
    usleep(500_000)
    kill(second.processIdentifier, SIGKILL)
    second.waitUntilExit()
    #expect(traffic.wait(seconds: 60))
    first.terminate()
    #expect(first.wait(seconds: 15))

    #expect(try haveFinished(["first", "second"], of: cluster, folder))
    let verified = try cluster.program.run("verify", "--all", "--json")
    #expect(verified.status == 0, "of all buckets, some are short: \(verified.output)")
    try expectBuckets(of: cluster)
  }

  /// Has both come back and read all there is: the local broker never gives the partitions of one to
  /// the other. For the same reason both come once more if one was through before the other began.
  private func haveFinished(
    _ names: [String], of cluster: Cluster, _ folder: TemporaryFolder
  ) throws -> Bool {
    for round in 1...4 {
      let processes = try names.map {
        try instance($0, of: cluster).start(
          ["run", "--exit-at-end"], outputFolder: folder.make("\($0)-\(round)"))
      }
      let areThrough = processes.map { $0.wait(seconds: 30) && $0.terminationStatus == 0 }
      if areThrough == [true, true] { return true }
    }
    return false
  }

  /// There is something to be short of.
  private func expectBuckets(of cluster: Cluster) throws {
    let rollups = try cluster.records(of: cluster.configuration.topics.rollups)
      .compactMap(\.key).filter { $0.first != UInt8(ascii: "@") }
    #expect(Set(rollups).count >= 12)
  }

  private func instance(_ name: String, of cluster: Cluster) -> Program {
    var program = cluster.program
    program.environment["TRIBUTARY_INSTANCE_ID"] = name
    return program
  }
}
