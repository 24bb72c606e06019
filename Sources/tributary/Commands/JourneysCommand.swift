import ArgumentParser
import Foundation
import Journeys
import SQLSink
import SQLite

struct JourneysCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "journeys",
    abstract: "Attribute customer journeys with an external model, and report by channel.",
    discussion: """
      The journey of a conversion is the sessions of its user at or before it, in order. Sessions, \
      conversions and costs are read from a SQLite file, or from the attributions topic, where a touch \
      is a session. docs/guides/journeys.md is the guide.
      """,
    subcommands: [Export.self, Attribute.self, Report.self, Generate.self])

  // MARK: Export

  struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write journeys as JSON, as the IHC API takes them.",
      discussion: """
        With --training, writes a sample in the proportions of all journeys by length and by the \
        channel that converted. The same seed gives the same sample. What it holds and what it lacks \
        is printed to standard error.
        """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var input: JourneyOptions

    @Option(name: .shortAndLong, help: "File to write, in full or not at all.")
    var output: String?

    @Option(help: ArgumentHelp("Write a sample of at most N journeys.", valueName: "N"))
    var training: Int?

    @Option(help: "Seed of the sample.")
    var seed: UInt64 = 1

    func validate() throws {
      if let training, training < 1 { throw ValidationError("--training must be at least 1.") }
    }

    func run() throws {
      let source = try input.source(options).source
      var sample = try training.map {
        try TrainingSample(source, input.selection, size: $0, seed: seed)
      }
      let file = try StreamedOutput(output)
      var json = JourneyJSON()
      var counts = (journeys: 0, sessions: 0, without: 0)
      try file.write(JourneyJSON.opening)
      try source.forEachJourney(input.selection) { journey in
        guard !journey.sessions.isEmpty else {
          counts.without += 1
          return
        }
        guard sample?.takes(journey) ?? true else { return }
        counts.journeys += 1
        counts.sessions += journey.sessions.count
        try file.write(json.sessions(of: journey))
      }
      try file.write(JourneyJSON.closing + Array("\n".utf8))
      try file.finish()
      if let sample { JourneyNotes.print(sample.summary) }
      JourneyNotes.print(
        "\(counts.journeys) journeys, \(counts.sessions) sessions; "
          + "\(counts.without) conversions without a session before them")
    }
  }

  // MARK: Report

  struct Report: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write the channel report, with cost per order and return on spend.",
      discussion: """
        Columns: channel_name, date of the conversions, cost, ihc, ihc_revenue, CPO = cost / ihc and \
        ROAS = ihc_revenue / cost, which are empty where there is nothing to divide by. `tributary \
        journeys attribute` fills the table.
        """)

    @OptionGroup var place: JourneyResultsOptions

    @Option(
      help: ArgumentHelp(
        "SQLite file that was attributed, instead of --results.", valueName: "file"))
    var database: String?

    @Option(help: "First date, such as 2026-01-05; default: all.")
    var from: String?

    @Option(help: "Last date, included; default: all.")
    var to: String?

    @Option(help: "Format: table, csv or json.")
    var format = ReportCommand.Format.csv

    @Flag(help: "Print JSON, as --format json does.")
    var json = false

    @Option(name: .shortAndLong, help: "File to write, in full or not at all.")
    var output: String?

    func validate() throws {
      _ = try JourneyOptions.selection(from: from, to: to, lookbackDays: nil)
      if database == nil { try place.checkIsNamed() }
    }

    func run() throws {
      let attributed = try database.map { try SQLiteDatabase($0, .existing) }
      guard let results = try place.existingResults(beside: attributed) else {
        throw Failure("there is no file \(place.results ?? "")")
      }
      guard try results.isPrepared() else {
        throw Failure(
          "\(results.name) has no channel report; `tributary journeys attribute` makes it")
      }
      let rows = try results.report(
        JourneyOptions.selection(from: from, to: to, lookbackDays: nil))
      let file = try StreamedOutput(output)
      try file.write(Array(text(rows, models: try results.models()).utf8))
      try file.finish()
    }

    private func text(_ rows: [ChannelDay], models: [String: Int]) -> String {
      switch json ? .json : format {
      case .csv: return ChannelReportText.csv(rows)
      case .json: return ChannelReportText.json(rows, models: models)
      case .table:
        let table = ChannelReportText.table(rows)
        return AlignedTable(header: table.header, rows: table.rows).text + "\n"
      }
    }
  }

  // MARK: Generate

  struct Generate: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Create a SQLite file with made-up sessions, conversions and costs.")

    @Option(help: ArgumentHelp("SQLite file to create.", valueName: "file"))
    var database: String

    @Option(help: "Seed; the same seed makes the same file.")
    var seed: UInt64 = 1

    @Option(help: "Number of users with a conversion.")
    var conversions = 2_000

    @Option(help: "First date.")
    var from = "2026-01-05"

    @Option(help: "Number of days.")
    var days = 21

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
      if JourneyDay(from) == nil {
        throw ValidationError("--from \(from) is no date such as 2026-01-05.")
      }
      if !(1...10_000_000).contains(conversions) || !(1...10_000).contains(days) {
        throw ValidationError("--conversions and --days must be at least 1.")
      }
    }

    func run() throws {
      guard !FileManager.default.fileExists(atPath: database) else {
        throw Failure("\(database) exists; name another file")
      }
      let file = try SQLiteDatabase(database, .readWrite)
      var exercise = ExerciseDatabase(
        seed: seed, conversions: conversions, firstDay: JourneyDay(from)!, days: days)
      let sessions = try exercise.write(to: file)
      print(
        json
          ? "{\"sessions\":\(sessions),\"users\":\(conversions)}"
          : "\(database): \(sessions) sessions, \(conversions) users with a conversion")
    }
  }
}
