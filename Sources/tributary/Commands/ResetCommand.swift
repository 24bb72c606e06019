import ArgumentParser
import Cluster
import Codec
import Configuration
import Foundation

struct ResetCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reset",
    abstract: "Delete everything that the processor has written, to start again.",
    discussion: """
      The command lists what it will delete and asks: the topics rollups, attributions, dead-letters and \
      late-events, the internal topics, and the consumer groups of the application_id. It creates the \
      topics again, empty, with the same partitions and settings. It never touches input topics. It deletes \
      all or nothing, because the processor adds to the rollups that it finds: without its state and with \
      the old rollups, everything would count twice. Stop every `run` first.
      """)

  @OptionGroup var options: GlobalOptions

  @Flag(help: "Keep dead-letters and late-events; the next run writes the same records again.")
  var keepSetAside = false

  @Flag(help: "Do not ask.")
  var yes = false

  @Flag(
    help: ArgumentHelp(
      "Continue although the groups have members, as ended ones remain on the local broker."))
  var ignoreMembers = false

  @Option(help: "Replicas of each partition of the new topics; -1 for the broker's default.")
  var replicationFactor: Int32 = -1

  @Flag(help: "Print what was deleted as JSON; needs --yes.")
  var json = false

  func validate() throws {
    if json, !yes { throw ValidationError("--json asks nobody: it needs --yes.") }
  }

  func run() throws {
    let settings = try options.load()
    let reset = try Reset(settings, logger: options.makeLogger())
    let plan = try reset.plan(keepsSetAside: keepSetAside)
    if json {
      try reset.carryOut(plan, replicationFactor: replicationFactor, ignoresMembers: ignoreMembers)
      return try StandardOutput.print(Self.json(plan))
    }
    let rows =
      plan.topics.map {
        ["topic", $0.name, "\($0.partitions) partitions, up to \($0.records) records"]
      } + plan.groups.map { ["group", $0, "committed offsets"] }
    try StandardOutput.print(AlignedTable(header: ["delete", "", ""], rows: rows).text)
    guard try yes || isConfirmed() else { throw Failure("nothing was deleted") }
    try reset.carryOut(plan, replicationFactor: replicationFactor, ignoresMembers: ignoreMembers)
    try StandardOutput.print(
      "done; the next `tributary run` starts from the beginning of the inputs")
  }

  private static func json(_ plan: Reset.Plan) -> String {
    JSONWriter.object { output in
      output.array("topics", plan.topics) { output, topic in
        output.object { output in
          output.field("topic", topic.name)
          output.field("partitions", topic.partitions)
          output.field("records", topic.records)
        }
      }
      output.array("groups", plan.groups) { $0.value($1) }
    }
  }

  private func isConfirmed() throws -> Bool {
    guard isatty(STDIN_FILENO) == 1 else {
      throw Failure("nothing was deleted: this is no terminal to ask at; --yes says yes")
    }
    try StandardOutput.print(
      "Delete all of this at \(try options.load().bootstrapServers)? [y/N] ", terminator: "")
    return ["y", "yes"].contains(readLine()?.lowercased() ?? "")
  }
}
