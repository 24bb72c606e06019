import ArgumentParser
import Attribution
import Codec
import Configuration
import Files
import Logging
import Readers
import Reporting

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write the rollups or attributions of whole days as files, one a day.",
    discussion: """
      The files are called rollups-DAY.csv, rollups-DAY.jsonl, attributions-DAY.csv or attributions-DAY.jsonl. \
      Of rollups, a file holds every rollup of the day once, ordered by view, window start and names. Of \
      attributions, it holds every conversion of the day once, ordered by time and id, as it was published last. \
      Only final days are written, each in full or not at all. A file that is up to date is left alone, so the \
      command can be interrupted and repeated: it writes new days, and days that were corrected. JSON lines are \
      the records of the topic (rollups without watermark). CSV has the columns of `tributary attribute` \
      (rollups without watermark); of attributions, a line for each conversion and touch. Exit code 1: a day is \
      not final yet; the others are written.
      """)

  @OptionGroup var options: GlobalOptions
  @OptionGroup var period: ReportPeriod

  @Argument(help: "Folder of the files; made where it is missing.")
  var folder: String

  @Option(help: "What to write.")
  var records = Records.rollups

  @Option(help: "Format of the files.")
  var format = ExportFormat.csv

  @Option(
    parsing: .singleValue,
    help: "Only rollups of this view; repeatable. Default: all views.")
  var view: [String] = []

  @Flag(help: "Print JSON.")
  var json = false

  enum Records: String, ExpressibleByArgument, CaseIterable {
    case rollups, attributions
  }

  func validate() throws {
    if records == .attributions, !view.isEmpty {
      throw ValidationError("--view chooses rollups; leave it out with --records attributions.")
    }
  }

  func run() throws {
    let settings = try options.load()
    let logger = options.makeLogger()
    let printout =
      switch records {
      case .rollups: try exportRollups(settings, logger)
      case .attributions: try exportAttributions(settings, logger)
      }
    try StandardOutput.print(json ? printout.json : printout.text)
    if let failure = printout.failure { throw Failure(failure) }
  }

  private func exportRollups(
    _ settings: Configuration, _ logger: Logger
  ) throws -> ExportPrintout {
    let definitions = settings.definitions
    let views = try views(definitions)
    let range = period.calendar.range(of: try period.days)
    let feed = try RollupFeed(settings, keeping: .windows(range), logger: logger)
    defer { feed.close() }
    try feed.readToEnd()
    if feed.unreadable > 0 {
      throw Failure(
        "\(feed.unreadable) records of \(settings.topics.rollups) cannot be read: were they written "
          + "under other definitions?")
    }
    warn(
      of: feed.board.lostInput(touching: range, correctionHorizon: definitions.correctionHorizon),
      logger)
    let export = try RollupExport(
      feed.board, definitions, period.calendar, views: views, to: folder, as: format)
    return try printout("rollups", export.path, export.write)
  }

  private func exportAttributions(
    _ settings: Configuration, _ logger: Logger
  ) throws -> ExportPrintout {
    let definitions = settings.definitions
    let range = period.calendar.range(of: try period.days)
    // First how far time is final: what is published by then is read afterwards.
    let progress = try RollupsProgress(settings, logger: logger)
    warn(
      of: progress.lostInput(touching: range, correctionHorizon: definitions.correctionHorizon),
      logger)
    let store = try AttributionStore(in: folder, range: range)
    try AttributionTopic(settings, logger: logger).read { try store.put($0, $1) }
    let export = try AttributionExport(
      store, definitions, period.calendar, finalThrough: progress.finalThrough, to: folder,
      as: format)
    return try printout("conversions", export.path, export.write)
  }

  private func printout(
    _ counted: String, _ path: (CalendarDay) -> String,
    _ write: (CalendarDay) throws -> DayOutcome
  ) throws -> ExportPrintout {
    let days = try period.days
    var printout = ExportPrintout(of: counted)
    for number in 0...days.lowerBound.distance(to: days.upperBound) {
      let day = days.lowerBound.advanced(by: number)
      printout.add(day, path(day), try write(day))
    }
    return printout
  }

  private func warn(of lost: [LostRange], _ logger: Logger) {
    for lost in lost {
      logger.warning(
        "\(lost.count) records of \(lost.topic)[\(lost.partition)] were deleted before they were read; these days may miss some of them"
      )
    }
  }

  private func views(_ definitions: Definitions) throws -> [View] {
    let known = definitions.views
    if view.isEmpty { return known }
    for name in view where !known.contains(where: { $0.name == name }) {
      throw ReportingError.unknownView(name, known: known.map(\.name))
    }
    return known.filter { view.contains($0.name) }
  }
}

extension ExportFormat: ExpressibleByArgument {}
