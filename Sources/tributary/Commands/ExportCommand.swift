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
    abstract: "Write the rollups of whole days as files, one a day.",
    discussion: """
      The files are called rollups-DAY.csv or rollups-DAY.jsonl and hold every rollup of the day once, ordered \
      by view, window start and names. Only final days are written, each in full or not at all. A file that is \
      up to date is left alone, so the command can be repeated: it writes new days, and days that were \
      corrected. CSV has the columns of `tributary attribute` without watermark, JSON lines are the records of \
      the rollups topic. Exit code 1: a day is not final yet; the others are written.
      """)

  @OptionGroup var options: GlobalOptions
  @OptionGroup var period: ReportPeriod

  @Argument(help: "Folder of the files; made where it is missing.")
  var folder: String

  @Option(help: "Format of the files.")
  var format = DayExport.Format.csv

  @Option(
    parsing: .singleValue,
    help: "Only rollups of this view; repeatable. Default: all views.")
  var view: [String] = []

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let settings = try options.load()
    let logger = options.makeLogger()
    let definitions = settings.definitions
    let views = try views(definitions)
    let days = try period.days
    let calendar = period.calendar
    let range = calendar.range(of: days)
    let feed = try RollupFeed(settings, logger: logger, windows: range)
    defer { feed.close() }
    try feed.readToEnd()
    if feed.unreadable > 0 {
      throw Failure(
        "\(feed.unreadable) records of \(settings.topics.rollups) cannot be read: were they written "
          + "under other definitions?")
    }
    for lost in feed.board.lostInput(
      touching: range, correctionHorizon: definitions.correctionHorizon)
    {
      logger.warning(
        "\(lost.count) records of \(lost.topic)[\(lost.partition)] were deleted before they were read; these days may miss some of them"
      )
    }
    let export = try DayExport(
      feed.board, definitions, calendar, views: views, to: folder, as: format)
    var printout = ExportPrintout()
    for number in 0...days.lowerBound.distance(to: days.upperBound) {
      let day = days.lowerBound.advanced(by: number)
      printout.add(day, export.path(of: day), try export.write(day))
    }
    try StandardOutput.print(json ? printout.json : printout.text)
    if let failure = printout.failure { throw Failure(failure) }
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

extension DayExport.Format: ExpressibleByArgument {}
