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
    abstract: "Report the final windows of a day, a range or a month, to bill from.",
    discussion: """
      The command refuses days until all their windows are final. --provisional reports the final part and \
      says so. The same days at the same revision give the same output, byte for byte. Exit code 1: \
      the days are not final yet, or the numbers do not reconcile.
      """)

  @OptionGroup var options: GlobalOptions
  @OptionGroup var period: ReportPeriod

  @Option(
    help: ArgumentHelp(
      "Dimensions of each line, separated by commas: campaign, channel, ad, or fields that a view lists.",
      valueName: "dimensions"))
  var by = "campaign"

  @Option(
    name: .customLong("where"), parsing: .singleValue,
    help: ArgumentHelp(
      "Only rows with this value, as in goal=purchase; repeatable, with values of one dimension as alternatives.",
      valueName: "dimension=value"))
  var filters: [String] = []

  @Option(
    help: ArgumentHelp(
      "Attribution model of conversions and revenue; several, separated by commas, stand side by side. Default: the first.",
      valueName: "models"))
  var model: String?

  @Flag(help: "Print all models next to each other.")
  var compareModels = false

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "previous: beside the period before, of the same length. models: all models, or those of --model, and how far each is from the first. Repeatable.",
      valueName: "previous|models"))
  var compare: [Comparison] = []

  @Option(help: "View to read; default: the one that fits best.")
  var view: String?

  @Option(help: "Output format; default: table.")
  var format: Format?

  @Flag(help: "Short for --format json.")
  var json = false

  @Option(
    help: ArgumentHelp(
      "CSV for a spreadsheet, in which no name becomes a formula, or for a program.",
      valueName: "safe|raw"))
  var csv: Report.CSVReader?

  @Option(name: .shortAndLong, help: "File to write, in full or not at all.")
  var output: String?

  @Flag(help: "Report the final part of days that are not final yet, and say so.")
  var provisional = false

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case table, csv, json
  }

  enum Comparison: String, ExpressibleByArgument, CaseIterable {
    case previous, models
  }

  func validate() throws {
    for filter in filters where DimensionFilter(filter) == nil {
      throw ValidationError("--where \(filter) is no condition such as goal=purchase.")
    }
    if compareModels, model != nil {
      throw ValidationError("--compare-models shows all of them; leave out --model.")
    }
    if Set(dimensions).count < dimensions.count {
      throw ValidationError("--by \(by) names a dimension twice.")
    }
    if csv != nil, wantedFormat != .csv {
      throw ValidationError("--csv says how to write CSV; leave out --format and --json.")
    }
  }

  private var wantedFormat: Format { json ? .json : format ?? (csv == nil ? .table : .csv) }

  private var dimensions: [Attribution.Dimension] {
    by.split(separator: ",", omittingEmptySubsequences: false).map {
      Attribution.Dimension(named: String($0))
    }
  }

  func run() throws {
    let settings = try options.load()
    let request = try request(settings.definitions)
    let feed = try RollupFeed(
      settings, keeping: .windows(request.range), logger: options.makeLogger())
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

  private func request(_ definitions: Definitions) throws -> ReportRequest {
    let filters = filters.compactMap { DimensionFilter($0) }
    for known in dimensions + filters.dimensions
    where !definitions.allDimensions.contains(known) {
      let names = definitions.allDimensions.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("there is no dimension \"\(known.rawValue)\"; there are \(names)")
    }
    let showsDifferences = compare.contains(.models)
    let models =
      if let model {
        try ModelName.indexes(of: model, definitions)
      } else if compareModels || showsDifferences {
        Array(definitions.models.indices)
      } else { [0] }
    if showsDifferences, models.count < 2 {
      throw ValidationError(
        "--compare models takes two models at least; this is one: "
          + definitions.models[models[0]].rawValue)
    }
    return ReportRequest(
      days: try period.days,
      comparedWith: compare.contains(.previous) ? try period.previousDays : nil,
      calendar: period.calendar, dimensions: dimensions, models: models,
      showsModelDifferences: showsDifferences, view: view, filters: filters,
      allowsProvisional: provisional)
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
    switch wantedFormat {
    case .table: return ReportPrintout(report: report).text
    case .json: return report.json
    case .csv:
      // No place for it among the numbers.
      let notes = ReportPrintout(report: report).reconciliation.joined(separator: "\n") + "\n"
      StandardError.write(notes)
      return report.csv(for: csv ?? .safe)
    }
  }
}

extension Report.CSVReader: ExpressibleByArgument {}
