import ArgumentParser
import Attribution
import Cluster
import Configuration
import Foundation
import History
import Reporting

struct LateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "late",
    abstract: "List the events that are too late and wait for a backfill.",
    discussion: """
      The command lists them by day, campaign and lateness, which is the time from the event to its record. \
      It does not list events that a backfill has counted. --changes recomputes the period to show what a \
      backfill would change, and takes as long as the backfill.
      """)

  @OptionGroup var options: GlobalOptions

  @Option(help: "Time zone of days (IANA name).")
  var timezone = "UTC"

  @Option(help: "Number of campaigns to list.")
  var campaigns = 10

  @Flag(help: "Show what a backfill of these days would change.")
  var changes = false

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    if ZonedCalendar(timezone) == nil {
      throw ValidationError("--timezone \(timezone) is no time zone such as Europe/Berlin.")
    }
    if campaigns < 0 { throw ValidationError("--campaigns must not be negative.") }
  }

  func run() throws {
    let settings = try options.load()
    let logger = options.makeLogger()
    let plan = try Preflight(settings, logger: logger).plan()
    let log = KafkaLog(settings, plan: plan, logger: logger)
    let calendar = ZonedCalendar(timezone)!
    let summary = try LateSummary(settings, from: log) {
      calendar.start(of: calendar.day(of: $0))
    }
    let printout = LatePrintout(summary, calendar, campaigns: campaigns)
    var days: Range<Milliseconds>?
    if let span = summary.span {
      days =
        calendar.start(
          of: calendar.day(of: span.lowerBound))..<calendar.range(
          of: calendar.day(of: span.upperBound)
        ).upperBound
    }
    var result: BackfillPrintout?
    if changes, let days {
      let backfill = Backfill(
        settings, plan: plan, log: log, from: days.lowerBound, to: days.upperBound)
      result = BackfillPrintout(
        try backfill.run(isDryRun: true), days, isDryRun: true, settings.definitions)
    }
    try StandardOutput.print(
      json ? printout.json(changes: result?.json) : printout.text(changes: result?.text))
  }
}
