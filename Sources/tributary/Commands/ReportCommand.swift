import ArgumentParser
import Attribution
import Configuration
import Files
import Foundation
import Readers
import Reporting

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Report one day's final windows, to bill from.",
    discussion: """
      The command refuses a day until all its windows are final. --provisional reports the final part and \
      says so. The same day at the same revision gives the same output, byte for byte. Exit code 1: \
      the day is not final yet, or the numbers do not reconcile.
      """)

  @OptionGroup var options: GlobalOptions

  @Option(help: "Day to report, such as 2026-01-05 or yesterday.")
  var day: String

  @Option(help: "Time zone of the day (IANA name).")
  var timezone = "UTC"

  @Option(
    help: ArgumentHelp(
      "Dimension of each line: campaign, channel, ad, or a field that a view lists.",
      valueName: "dimension"))
  var by = "campaign"

  @Option(
    name: .customLong("where"), parsing: .singleValue,
    help: ArgumentHelp(
      "Only rows with this value, as in goal=purchase; repeatable, with values of one dimension as alternatives.",
      valueName: "dimension=value"))
  var filters: [String] = []

  @Option(help: "Attribution model of conversions and revenue; default: the first.")
  var model: String?

  @Flag(help: "Print all models next to each other.")
  var compareModels = false

  @Option(help: "View to read; default: the one that fits best.")
  var view: String?

  @Option(help: "Output format.")
  var format = Format.table

  @Flag(help: "Short for --format json.")
  var json = false

  @Option(name: .shortAndLong, help: "File to write, in full or not at all.")
  var output: String?

  @Flag(help: "Report the final part of a day that is not final yet, and say so.")
  var provisional = false

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case table, csv, json
  }

  func validate() throws {
    guard let calendar = ZonedCalendar(timezone) else {
      throw ValidationError("--timezone \(timezone) is no time zone such as Europe/Berlin.")
    }
    if CalendarDay(NamedDay.resolved(day, calendar)) == nil {
      throw ValidationError("--day \(day) is no day such as 2026-01-05 or yesterday.")
    }
    for filter in filters where DimensionFilter(filter) == nil {
      throw ValidationError("--where \(filter) is no condition such as goal=purchase.")
    }
    if compareModels, model != nil {
      throw ValidationError("--compare-models shows all of them; leave out --model.")
    }
  }

  func run() throws {
    let settings = try options.load()
    let dimension = Attribution.Dimension(named: by)
    let filters = filters.compactMap { DimensionFilter($0) }
    for known in [dimension] + filters.dimensions
    where !settings.definitions.allDimensions.contains(known) {
      let names = settings.definitions.allDimensions.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("there is no dimension \"\(known.rawValue)\"; there are \(names)")
    }
    let calendar = ZonedCalendar(timezone)!
    let request = ReportRequest(
      day: CalendarDay(NamedDay.resolved(day, calendar))!, calendar: calendar, dimension: dimension,
      models: compareModels
        ? Array(settings.definitions.models.indices)
        : [try ModelName.index(of: model, settings.definitions)],
      view: view, filters: filters, allowsProvisional: provisional)
    let feed = try RollupFeed(settings, logger: options.makeLogger())
    defer { feed.close() }
    try feed.readToEnd()
    if feed.unreadable > 0 {
      throw Failure(
        "\(feed.unreadable) records of \(settings.topics.rollups) cannot be read: were they written "
          + "under other definitions?")
    }
    let report = try reconciled(request, feed, settings.definitions)
    let text = text(report)
    guard let output else { return try StandardOutput.write(text) }
    try AtomicFile.write(text, to: output)
  }

  /// The report, once its numbers agree: while a correction is on its way, one view may be ahead of
  /// another for a moment.
  private func reconciled(
    _ request: ReportRequest, _ feed: RollupFeed, _ definitions: Definitions
  ) throws -> Report {
    for _ in 0..<10 {
      let report = try Report(feed.board, definitions, request)
      if report.reconciliation.disagreements.isEmpty { return report }
      try feed.catchUp()
    }
    let report = try Report(feed.board, definitions, request)
    guard report.reconciliation.disagreements.isEmpty else {
      throw Failure(
        "the numbers do not reconcile: "
          + report.reconciliation.disagreements.joined(separator: "; "))
    }
    return report
  }

  private func text(_ report: Report) -> String {
    switch json ? .json : format {
    case .table: return ReportPrintout(report: report).text
    case .json: return report.json
    case .csv:
      // No place for it among the numbers.
      let notes = ReportPrintout(report: report).reconciliation.joined(separator: "\n") + "\n"
      StandardError.write(notes)
      return report.csv
    }
  }
}
