import Foundation
import Testing

/// `lag` and `tasks`: how far an application has come, and who does what.
@Suite(.serialized) struct StandingTests {
  private static let settings = [
    "TRIBUTARY_COMMIT_INTERVAL": "200ms", "TRIBUTARY_WORKERS": "2", "TRIBUTARY_IDLE_TIMEOUT": "1s",
  ]

  private struct Lag: Decodable {
    var stage: String
    var topic: String
    var partition: Int
    var end: Int
    var committed: Int?
    var behind: Int
    var watermark: String?
  }

  private struct Tasks: Decodable {
    struct Group: Decodable {
      var stage: String
      var state: String
      var members: Int
    }
    struct Task: Decodable {
      struct Member: Decodable {
        var id: String
        var instanceID: String?

        enum CodingKeys: String, CodingKey {
          case id
          case instanceID = "instance_id"
        }
      }
      struct Partition: Decodable, Hashable {
        var topic: String
        var partition: Int
      }
      var stage: String
      var task: String
      var number: Int
      var state: String
      var partitions: [Partition]
      var member: Member?
      var behind: Int
      var watermark: String?
    }
    var groups: [Group]
    var tasks: [Task]
  }

  @Test func whatNobodyReadsIsBehindAndWithoutAnOwner() throws {
    let cluster = try Cluster(Self.settings)
    let generated = try cluster.program.run(
      "generate", "--profile", "dense", "--events", "2000", "--json")
    #expect(generated.status == 0)
    let lag = try Self.lag(cluster)
    #expect(lag.count == 20)
    #expect(lag.allSatisfy { $0.committed == nil && $0.watermark == nil && $0.behind == $0.end })
    #expect(lag.filter { $0.stage == "attribution" }.reduce(0) { $0 + $1.behind } >= 2_000)
    let found = try Self.tasks(cluster)
    #expect(found.groups.map(\.stage) == ["attribution", "rollups"])
    #expect(found.groups.allSatisfy { $0.members == 0 })
    #expect(found.tasks.count == 12)
    #expect(found.tasks.allSatisfy { $0.member == nil && $0.state == "unassigned" })
    let text = try cluster.program.run("tasks")
    #expect(text.output.contains("keyed|3"), "\(text.errors)")
    #expect(text.output.contains("unassigned"))
  }

  @Test func aRunAtWorkOwnsEveryTaskAndIsBehindInNone() throws {
    let cluster = try Cluster(Self.settings)
    #expect(
      try cluster.program.run("generate", "--profile", "dense", "--events", "5000").status == 0)
    let folder = try TemporaryFolder()
    let run = try cluster.program.start(["run"], outputFolder: folder.make("run"))
    defer { _ = run.wait(seconds: 0) }
    try eventually {
      let lag = try Self.lag(cluster)
      return lag.allSatisfy { $0.behind == 0 }
        && lag.filter { $0.topic.hasSuffix("clicks") }.allSatisfy { $0.watermark != nil }
    }
    let clicks = try Self.lag(cluster).filter { $0.topic == "\(cluster.prefix)-clicks" }
    #expect(clicks.map(\.partition) == [0, 1, 2, 3])
    #expect(clicks.allSatisfy { $0.committed == $0.end && $0.end > 0 })

    // Tasks repeat their status, so a rollup task is behind now and then: all must hold in one answer.
    var found = try Self.tasks(cluster)
    try eventually {
      found = try Self.tasks(cluster)
      return found.tasks.allSatisfy { task in
        task.behind == 0 && (!task.task.hasPrefix("keyed") || task.state == "idle")
      }
    }
    #expect(
      found.tasks.map(\.task)
        == (["keyed", "costs", "rollups"].flatMap { kind in
          (0..<4).map { "\(kind)|\($0)" }
        }))
    #expect(found.groups.first { $0.stage == "attribution" }?.members == 2)
    for task in found.tasks {
      #expect(task.behind == 0)
      #expect(task.member?.instanceID?.hasPrefix("test-") == true, "\(task.task)")
      #expect(task.partitions.allSatisfy { $0.partition == task.number })
      #expect(task.partitions.count == (task.task.hasPrefix("keyed") ? 3 : 1))
    }
    let keyed = found.tasks.filter { $0.task.hasPrefix("keyed") }
    #expect(keyed.allSatisfy { $0.watermark != nil })
    // Two workers share the four.
    #expect(Set(keyed.map { $0.member?.instanceID }).count == 2)
    try eventually {
      try cluster.program.run("lag").output.contains("\n0 behind in 20 partitions")
    }
    run.terminate()
    #expect(run.wait(seconds: 10))
  }

  @Test func withoutTopicsItSaysSo() throws {
    let cluster = try Cluster(Self.settings, partitions: nil)
    for command in ["lag", "tasks"] {
      let result = try cluster.program.run(command)
      #expect(result.status == 1)
      #expect(result.errors.contains("`tributary topics create` makes them"))
    }
  }

  // MARK: Pieces

  private static func lag(_ cluster: Cluster) throws -> [Lag] {
    let result = try cluster.program.run("lag", "--json")
    #expect(result.status == 0, "\(result.errors)")
    return try JSONDecoder().decode([Lag].self, from: Data(result.output.utf8))
  }

  private static func tasks(_ cluster: Cluster) throws -> Tasks {
    let result = try cluster.program.run("tasks", "--json")
    #expect(result.status == 0, "\(result.errors)")
    return try JSONDecoder().decode(Tasks.self, from: Data(result.output.utf8))
  }

  private func eventually(_ condition: () throws -> Bool) throws {
    let deadline = Date() + 60
    while Date() < deadline {
      if try condition() { return }
      usleep(200_000)
    }
    Issue.record("that never came true")
  }
}
