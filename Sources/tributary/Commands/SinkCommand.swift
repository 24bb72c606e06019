import ArgumentParser
import Codec
import Foundation
import Readers
import SQLSink

struct SinkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sink",
    abstract: "Keep tables up to date in SQLite or PostgreSQL.",
    discussion: """
      Creates the tables itself and keeps the offsets that it has read beside them, in the same \
      transactions: however often it is killed and started again, every record counts exactly once. \
      Money and credits are integers of millionths.

      rollups: the tables `rollups` and `attributions`. \
      ad_metrics: `ad_metrics` by ad and hour, and `users`. \
      star: facts and dimensions for analysts. \
      docs/guides/tables.md describes them; queries to begin with are in Deploy/sql.
      """)

  @OptionGroup var options: GlobalOptions

  @Option(
    help: ArgumentHelp(
      "sqlite:FILE, or postgres://user@host/database.", valueName: "database"))
  var to: String

  @Option(help: "Which tables to keep.")
  var tables: TableSet = .rollups

  @Flag(help: "Stop when everything that the topics hold now is in the tables.")
  var exitAtEnd = false

  @Flag(help: "Empty the tables first, and fill them from the beginnings of the topics.")
  var startAgain = false

  @Flag(help: "Print the SQL that creates the tables, and change nothing.")
  var printSchema = false

  @Flag(help: "Print the summary as JSON.")
  var json = false

  func validate() throws {
    if SQLTarget(to) == nil {
      throw ValidationError("--to must be sqlite:FILE or postgres://user@host/database.")
    }
    if printSchema, tables == .rollups {
      throw ValidationError("--print-schema wants --tables ad_metrics or star.")
    }
  }

  func run() throws {
    let settings = try options.load()
    try SinkFault.check(tables, settings)
    if printSchema {
      return try StandardOutput.print(
        SQLTarget(to)!.creation(of: tables, settings.definitions)!, terminator: "")
    }
    let logger = options.makeLogger()
    let run = SinkRun(
      settings, SQLTarget(to)!, tables: tables, stopsAtEnd: exitAtEnd, logger: logger)
    let signals = StopSignals { run.stop() }
    let summary = try withExtendedLifetime(signals) { try run.run(startsAgain: startAgain) }
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

extension TableSet: ExpressibleByArgument {}
