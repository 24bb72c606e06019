import ArgumentParser
import Cluster
import Foundation
import History
import Inputs

struct EraseCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "erase",
    abstract: "Take all events of a user back.",
    discussion: """
      The command reads the inputs, and writes a version with `deleted` of each of the user's events to the topic that \
      it came by. The processor then takes them out of rollups, attributions and the deduped stream, and sinks follow. \
      Events older than the correction horizon wait for a backfill, whose command it prints. Records stay in the input \
      topics until their retention ends. Give the user id as producers write it, also with `pseudonymize`.
      """)

  @OptionGroup var options: GlobalOptions

  @Option(help: "The user's id.")
  var user: String

  @Flag(help: "Show what would be deleted, and write nothing.")
  var dryRun = false

  @Flag(help: "Do not ask.")
  var yes = false

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    if user.isEmpty { throw ValidationError("--user must not be empty.") }
  }

  func run() throws {
    let settings = try options.load()
    let logger = options.makeLogger()
    let plan = try Preflight(settings, logger: logger).plan()
    let erasure = Erasure(
      settings, plan: plan, plans: try InputPlans(settings),
      log: KafkaLog(settings, plan: plan, logger: logger))
    guard try dryRun || yes || isConfirmed(erasure) else { throw Failure("nothing was deleted") }
    let printout = ErasePrintout(try erasure.run(user: user, isDryRun: dryRun), isDryRun: dryRun)
    try StandardOutput.print(json ? printout.json : printout.text)
  }

  private func isConfirmed(_ erasure: Erasure) throws -> Bool {
    guard isatty(STDIN_FILENO) == 1 else {
      throw Failure("nothing was deleted: standard input is not a terminal; pass --yes to confirm")
    }
    let found = try erasure.run(user: user, isDryRun: true)
    try StandardOutput.print(ErasePrintout(found, isDryRun: true).text)
    try StandardOutput.print("Delete all of this? [y/N] ", terminator: "")
    return ["y", "yes"].contains(readLine()?.lowercased() ?? "")
  }
}
