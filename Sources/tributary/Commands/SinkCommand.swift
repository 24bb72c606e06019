import ArgumentParser
import Codec
import Foundation
import Readers
import SQLSink

struct SinkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sink",
    abstract: "Keep tables of the rollups and attributions up to date in SQLite or PostgreSQL.",
    discussion: """
      Makes the tables `rollups` and `attributions` itself and keeps the offsets that it has read \
      beside them, in the same transactions: however often it is killed and started again, every \
      record counts exactly once. Money and credits are integers of millionths. Queries to begin \
      with are in Deploy/sql.
      """)

  @OptionGroup var options: GlobalOptions

  @Option(
    help: ArgumentHelp(
      "sqlite:FILE, or postgres://user@host/database.", valueName: "database"))
  var to: String

  @Flag(help: "Stop when everything that the topics hold now is in the tables.")
  var exitAtEnd = false

  @Flag(help: "Print the summary as JSON.")
  var json = false

  func validate() throws {
    if SQLTarget(to) == nil {
      throw ValidationError("--to must be sqlite:FILE or postgres://user@host/database.")
    }
  }

  func run() throws {
    let settings = try options.load()
    let logger = options.makeLogger()
    let run = SinkRun(settings, SQLTarget(to)!, stopsAtEnd: exitAtEnd, logger: logger)
    let signals = StopSignals { run.stop() }
    let summary = try withExtendedLifetime(signals) { try run.run() }
    if json {
      try StandardOutput.print(
        JSONWriter.object {
          $0.field("records", summary.records)
          $0.field("transactions", summary.transactions)
          $0.field("seconds", seconds: summary.seconds)
        })
    } else {
      try StandardOutput.print(
        "\(summary.records) records in \(summary.transactions) transactions, "
          + String(format: "%.1f s", summary.seconds))
    }
  }
}
