import ArgumentParser
import Cluster
import Pipeline

struct LagCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lag",
    abstract: "Show how many records wait in each partition, and the watermarks.",
    discussion: """
      The command compares committed offsets with the ends of the topics, and reads the last progress records. It \
      joins no group and asks no process, so it works while nothing runs.
      """)

  @OptionGroup var options: GlobalOptions

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let settings = try options.load()
    let logger = options.makeLogger()
    let plan = try Preflight(settings, logger: logger).plan()
    let reader = try StandingReader(settings, plan: plan, logger: logger)
    defer { reader.close() }
    let printout = LagPrintout(try reader.sources())
    try StandardOutput.print(json ? printout.json : printout.text)
  }
}
