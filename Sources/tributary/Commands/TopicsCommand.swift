import ArgumentParser
import Cluster
import Configuration
import Foundation
import Kafka
import Logging

struct TopicsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "topics",
    abstract: "Create or describe the topics.", subcommands: [Create.self, Describe.self])

  struct Create: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Create missing topics with the right settings.",
      discussion: """
        Comes back when every new partition has a leader. Inputs get message.timestamp.type=LogAppendTime. A \
        replication factor that cannot be had is an error: nothing is made with fewer copies.
        """)

    @OptionGroup var options: GlobalOptions

    @Option(help: "Partitions of each topic; bounds how far the work spreads.")
    var partitions: Int32 = 4

    @Option(help: "Copies of each partition; -1: as the broker's default has it.")
    var replicationFactor: Int32 = -1

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
      if partitions < 1 { throw ValidationError("--partitions must be at least 1.") }
    }

    func run() throws {
      let settings = try options.load()
      var lines: [String] = []
      try TopicAdministration(settings, logger: options.makeLogger())
        .create(partitions: partitions, replicationFactor: replicationFactor) { name, result in
          let isNew = result == .created
          lines.append(
            json
              ? "{\"topic\":\"\(name)\",\"created\":\(isNew)}"
              : "\(isNew ? "created" : "exists ")  \(name)")
        }
      try StandardOutput.print(
        json ? "[\(lines.joined(separator: ",\n "))]" : lines.joined(separator: "\n"))
    }
  }

  struct Describe: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show the partitions and settings of each topic, and problems.")

    @OptionGroup var options: GlobalOptions

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
      let settings = try options.load()
      let topics = try TopicAdministration(settings, logger: options.makeLogger()).describe()
      if json {
        let lines = topics.map { topic in
          let fields = topic.settings.sorted { $0.key < $1.key }
            .map { "\"\($0.key)\":\"\($0.value)\"" }.joined(separator: ",")
          let partitions = topic.partitions.map(String.init) ?? "null"
          let replicas = topic.replicas.map(String.init) ?? "null"
          let findings = topic.findings.map {
            "{\"severity\":\"\($0.severity)\",\"problem\":\"\($0.problem)\"}"
          }.joined(separator: ",")
          return """
            {"topic":"\(topic.name)","partitions":\(partitions),"replicas":\(replicas),\
            "settings":{\(fields)},"findings":[\(findings)]}
            """
        }
        try StandardOutput.print("[\(lines.joined(separator: ",\n "))]")
      } else {
        let rows = topics.map { topic in
          [
            topic.name, topic.partitions.map(String.init) ?? "missing",
            topic.replicas.map(String.init) ?? "",
            topic.settings.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
              .joined(separator: " "),
          ]
        }
        try StandardOutput.print(
          AlignedTable(header: ["topic", "partitions", "replicas", "settings"], rows: rows).text)
      }
      let findings = topics.flatMap(\.findings)
      if !json {
        for finding in findings { try StandardOutput.print("\(finding.severity): \(finding)") }
      }
      let refused = Set(findings.filter { $0.severity == .refused }.map(\.topic))
      guard refused.isEmpty else {
        throw Failure(
          "`tributary run` refuses \(refused.sorted().joined(separator: ", ")) as it stands")
      }
      if topics.contains(where: { $0.partitions == nil }) {
        throw Failure("topics are missing; `tributary topics create` makes them")
      }
    }
  }
}
