import ArgumentParser
import Cluster
import Configuration
import Foundation

struct ResetCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reset",
    abstract: "Delete all that the processor has written, to start again from the beginning.",
    discussion: """
      Shows what it will delete and asks: the topics rollups, attributions, dead-letters and \
      late-events, the internal topics, and the consumer groups of the application_id. The topics are \
      made again, empty, with as many partitions; input topics are never touched. It is all or \
      nothing, because the processor adds to the rollups that it finds: with its memory gone and the \
      rollups still there, everything would count twice. Stop every `run` first.
      """)

  @OptionGroup var options: GlobalOptions

  @Flag(help: "Leave dead-letters and late-events. The next run writes the same records again.")
  var keepSetAside = false

  @Flag(help: "Do not ask.")
  var yes = false

  @Flag(
    help: ArgumentHelp(
      "Go on although the groups have members: for the local broker, which never forgets one that has "
        + "ended. Make sure that no `run` is left."))
  var ignoreMembers = false

  @Option(help: "Copies of each partition of the new topics; -1: as the broker's default has it.")
  var replicationFactor: Int32 = -1

  func run() throws {
    let settings = try options.load()
    let reset = try Reset(settings, logger: options.makeLogger())
    let plan = try reset.plan(keepsSetAside: keepSetAside)
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

  private func isConfirmed() throws -> Bool {
    guard isatty(STDIN_FILENO) == 1 else {
      throw Failure("nothing was deleted: this is no terminal to ask at; --yes says yes")
    }
    try StandardOutput.print(
      "Delete all of this at \(try options.load().bootstrapServers)? [y/N] ", terminator: "")
    return ["y", "yes"].contains(readLine()?.lowercased() ?? "")
  }
}
