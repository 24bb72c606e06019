import Foundation
import Glibc
import TestServers
import Testing

/// `tributary sink` while PostgreSQL fails over, runs out of disk, or ends a deadlock: the tables are those of a sink
/// that was never disturbed.
@Suite(.serialized) struct FailoverTests {
  private func makeCluster() throws -> (Cluster, RollupTopic) {
    let cluster = try Cluster(["TRIBUTARY_MODELS": "[last_touch, linear]"])
    return (cluster, RollupTopic(cluster: cluster))
  }

  /// Compares with what a new database gets of the topic.
  private func expectEverythingOnce(in database: TestDatabase, _ cluster: Cluster) throws {
    let calm = try TestDatabase(.postgres)
    for address in [database.address, calm.address] {
      let result = try cluster.program.run("sink", "--to", address, "--exit-at-end")
      #expect(result.status == 0, "\(result.errors)")
    }
    #expect(try database.dump() == calm.dump())
  }

  @Test func aSinkGoesOnAtAPromotedReplicaFromWhatThatHas() throws {
    let (cluster, topic) = try makeCluster()
    try topic.fill(windowCount: 20, memberCount: 50)
    let primary = try PostgresServer()
    let replica = try PostgresServer(replicaOf: primary)
    let first = TestDatabase(.postgres, at: try primary.makeDatabase())
    let name = first.address.split(separator: "/").last!
    let both =
      "postgres://tributary@127.0.0.1:\(primary.port),127.0.0.1:\(replica.port)/\(name)"
      + "?target_session_attrs=read-write"
    let sink = try FollowingSink(cluster, to: both)
    defer { _ = sink.process.wait(seconds: 0) }
    first.expect(1_000, ofRevision: 1)
    let second = TestDatabase(
      .postgres, at: "postgres://tributary@127.0.0.1:\(replica.port)/\(name)")
    second.expect(1_000, ofRevision: 1)
    // What is committed from now on the replica never hears of, though the sink was told that it is safe.
    _ = try second.ask("ALTER SYSTEM SET primary_conninfo = ''; SELECT pg_reload_conf();")
    first.expect("0", of: "SELECT count(*) FROM pg_stat_replication;")
    try topic.fill(windowCount: 40, memberCount: 50, revisionCount: 2)
    first.expect(2_000, ofRevision: 2)
    try topic.fill(windowCount: 300, memberCount: 50, revisionCount: 3)
    usleep(200_000)
    try primary.crash()
    sink.expectLine("trying again in")
    #expect(sink.process.isRunning)
    #expect(try second.ask("SELECT count(*) FROM rollups WHERE revision > 1;") == "0\n")
    try replica.promote()
    second.expect(15_000, ofRevision: 3)
    try topic.fill(windowCount: 300, memberCount: 50, revisionCount: 4)
    second.expect(15_000, ofRevision: 4)
    sink.end()
    try expectEverythingOnce(in: second, cluster)
  }

  @Test func aDeadlockIsTriedAgain() throws {
    let (cluster, topic) = try makeCluster()
    try topic.fill(windowCount: 20, memberCount: 50)
    let database = try TestDatabase(.postgres)
    // The server ends the transaction of the session that looks first.
    let sink = try FollowingSink(
      cluster, to: database.address + "?options=-c%20deadlock_timeout%3D5s")
    defer { _ = sink.process.wait(seconds: 0) }
    database.expect(1_000, ofRevision: 1)
    let other = try DatabaseSession(database)
    try other.run("SET deadlock_timeout = '60s';")
    // The sink writes offsets before rollups: each gets what the other wants.
    try other.run("BEGIN; LOCK rollups IN ACCESS EXCLUSIVE MODE;")
    try topic.fill(windowCount: 40, memberCount: 50, revisionCount: 2)
    database.expect(
      "1",
      of: "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        + "AND application_name = 'tributary' AND wait_event_type = 'Lock';")
    try other.send("LOCK tributary_offsets IN ACCESS EXCLUSIVE MODE;")
    sink.expectLine("deadlock detected")
    #expect(sink.process.isRunning)
    other.end()
    database.expect(2_000, ofRevision: 2)
    sink.end()
    try expectEverythingOnce(in: database, cluster)
  }

  /// Needs the right to mount a disk, which a test run as root in a container has or has not.
  @Test(.enabled("a small disk cannot be mounted here") { SmallDisk.isPossible })
  func aSinkWaitsForRoomOnTheDisk() throws {
    let (cluster, topic) = try makeCluster()
    try topic.fill(windowCount: 20, memberCount: 50)
    let server = try PostgresServer()
    let disk = try SmallDisk(megabytes: 16)
    defer { disk.remove() }
    let database = TestDatabase(
      .postgres, at: try server.makeDatabase(inFolder: disk.path))
    let sink = try FollowingSink(cluster, to: database.address)
    defer { _ = sink.process.wait(seconds: 0) }
    database.expect(1_000, ofRevision: 1)
    try topic.fill(windowCount: 400, memberCount: 100, revisionCount: 2)
    sink.expectLine("No space left on device")
    #expect(sink.process.isRunning)
    try disk.grow(toMegabytes: 400)
    database.expect(40_000, ofRevision: 2)
    sink.end()
    try expectEverythingOnce(in: database, cluster)
  }
}

/// A disk of memory with little room.
private struct SmallDisk {
  let path: String

  static let isPossible: Bool = {
    guard geteuid() == 0, let disk = try? SmallDisk(megabytes: 1) else { return false }
    disk.remove()
    return true
  }()

  init(megabytes: Int) throws {
    path = FileManager.default.temporaryDirectory.appendingPathComponent("disk-\(UUID())").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    do {
      _ = try runTool(
        "mount", ["-t", "tmpfs", "-o", "size=\(megabytes)m,mode=0777", "tmpfs", path])
    } catch {
      try? FileManager.default.removeItem(atPath: path)
      throw error
    }
  }

  func grow(toMegabytes megabytes: Int) throws {
    _ = try runTool("mount", ["-o", "remount,size=\(megabytes)m", path])
  }

  func remove() {
    _ = try? runTool("umount", ["-l", path])
    try? FileManager.default.removeItem(atPath: path)
  }
}
