import ArgumentParser
import Codec
import Foundation
import Journeys

extension JourneysCommand {
  struct Attribute: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Send journeys to the IHC API and store its answers, or split them without it.",
      discussion: """
        Journeys go in chunks, several at a time. Each answer is stored as soon as it is there: after \
        an interruption, run the same command again. A journey that is stored is sent again only if it \
        has changed, or with --again. The key is read from TRIBUTARY_JOURNEYS_API_KEY or --api-key-file.

        Results are in the tables attribution_customer_journey and channel_reporting of --results, by \
        default of the input file. Exit code 1 if any journey was left out or refused.
        """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var input: JourneyOptions
    @OptionGroup var place: JourneyResultsOptions

    @Option(help: "Address of the API; the conversion type is added to its query.")
    var url: String?

    @Option(help: "Conversion type to attribute with.")
    var convTypeID: String?

    @Option(help: ArgumentHelp("Split without the API: ihc_heuristic.", valueName: "model"))
    var model: Model?

    @Option(help: ArgumentHelp("File with the API's key.", valueName: "file"))
    var apiKeyFile: String?

    @Option(
      help: ArgumentHelp(
        "File of certificates to trust instead of the system's.", valueName: "file"))
    var caFile: String?

    @Option(help: "Most journeys in a request.")
    var maxJourneys = 100

    @Option(help: "Most sessions in a request.")
    var maxSessions = 200

    @Option(help: "Requests at a time.")
    var parallel = 4

    @Option(help: "Seconds for a request and its answer.")
    var timeout = 60

    @Option(help: "Attempts for each request, the first included.")
    var attempts = 6

    @Option(help: "Costs of the report: of the journeys' sessions, or of all sessions of the date.")
    var cost = ChannelReport.CostBasis.journeys

    @Flag(help: "Attribute again what is stored already.")
    var again = false

    @Flag(help: "Say how many journeys, sessions and requests there are; send and change nothing.")
    var dryRun = false

    @Flag(help: "Print the summary as JSON.")
    var json = false

    enum Model: String, ExpressibleByArgument, CaseIterable {
      case heuristic = "ihc_heuristic"
    }

    func validate() throws {
      if model != nil, url != nil || convTypeID != nil {
        throw ValidationError(
          "--model \(HeuristicSplit.name) needs no --url and no --conv-type-id.")
      }
      if model == nil, !dryRun, url == nil || convTypeID == nil {
        throw ValidationError(
          "--url and --conv-type-id are missing; without an API, use --model \(HeuristicSplit.name)."
        )
      }
      for (name, value, range) in [
        ("--max-journeys", maxJourneys, 1...100_000),
        ("--max-sessions", maxSessions, 1...1_000_000),
        ("--parallel", parallel, 1...64), ("--timeout", timeout, 1...3_600),
        ("--attempts", attempts, 1...20),
      ] where !range.contains(value) {
        throw ValidationError(
          "\(name) must be from \(range.lowerBound) to \(range.upperBound).")
      }
      if input.database == nil { try place.checkIsNamed() }
    }

    func run() throws {
      let model = try chosenModel()
      let (source, database) = try input.source(options)
      let notes = JourneyNotes()
      if case .api(let endpoint, _) = model, endpoint.isExposed, !dryRun {
        notes.add("\(endpoint.name) is not encrypted: the key can be read on the way")
      }
      if dryRun {
        let results = try place.existingResults(beside: database)
        var attribution = JourneyAttribution(
          source, try results?.isPrepared() == true ? results : nil, model, settings,
          note: notes.add)
        let summary = try attribution.dryRun(input.selection)
        print(text(summary, rows: nil))
        return
      }
      let results = try place.results(beside: database)
      let stop = StopFlag()
      let signals = StopSignals { stop.raise() }
      let bar = ProgressBar(
        total: try source.estimatedCount(input.selection), unit: "conversions")
      var attribution = JourneyAttribution(
        source, results, model, settings, note: notes.add, progress: bar.show
      ) { stop.isRaised }
      let (summary, failure) = try withExtendedLifetime(signals) {
        defer { bar.end() }
        return try attribution.run(input.selection)
      }
      notes.finish()
      if let failure {
        print(text(summary, rows: nil))
        throw failure
      }
      var report = ChannelReport(source, results)
      let rows = try report.rows(input.selection, costs: cost)
      try results.replaceReport(input.selection, rows)
      if report.unknownSessions > 0 {
        JourneyNotes.print(
          "\(report.unknownSessions) stored shares are of sessions that the input no longer has; "
            + "they are not in the report")
      }
      print(text(summary, rows: rows.count))
      guard summary.isComplete else {
        throw Failure(
          "\(summary.tooLarge) journeys were left out, \(summary.refused) refused, "
            + "\(summary.failed) failed and \(summary.unsent) not sent; "
            + "\(summary.surplus) parts of answers were not asked for")
      }
    }

    private var settings: AttributionOptions {
      var settings = AttributionOptions()
      settings.maxJourneys = maxJourneys
      settings.maxSessions = maxSessions
      settings.parallel = parallel
      settings.backoff.attempts = attempts
      settings.limits.timeout = timeout * 1_000
      settings.limits.authorities = caFile
      settings.again = again
      return settings
    }

    private func chosenModel() throws -> AttributionModel {
      if model != nil { return .heuristic }
      let endpoint = try APIEndpoint(
        url: url ?? "https://localhost/", conversionType: convTypeID ?? "")
      // A dry run sends nothing.
      let environment =
        dryRun ? [APIKey.variable: "none"] : ProcessInfo.processInfo.environment
      return .api(endpoint, try APIKey(file: dryRun ? nil : apiKeyFile, environment: environment))
    }

    private func text(_ summary: AttributionSummary, rows: Int?) -> String {
      if json {
        var writer = JSONWriter()
        writer.object { writer in
          writer.field("conversions", Int64(summary.conversions))
          writer.field("without_sessions", Int64(summary.withoutSessions))
          writer.field("journeys", Int64(summary.journeys))
          writer.field("answered_before", Int64(summary.answeredBefore))
          writer.field("sessions", Int64(summary.sessions))
          writer.field("requests", Int64(summary.requests))
          writer.field("retries", Int64(summary.retries))
          writer.field("answered", Int64(summary.answered))
          writer.field("left_out", Int64(summary.tooLarge))
          writer.field("refused", Int64(summary.refused))
          writer.field("failed", Int64(summary.failed))
          writer.field("not_sent", Int64(summary.unsent))
          writer.field("not_asked_for", Int64(summary.surplus))
          if let rows { writer.field("report_rows", Int64(rows)) }
        }
        return writer.text
      }
      let journeys =
        "\(summary.journeys) journeys of \(summary.conversions) conversions; "
        + "\(summary.answeredBefore) answered before"
      if dryRun {
        return journeys + ", \(summary.sessions) sessions to send in \(summary.requests) requests"
          + (summary.tooLarge > 0 ? "; \(summary.tooLarge) journeys are too large" : "")
      }
      let work =
        model == nil
        ? "\(summary.answered) answered in \(summary.requests) requests "
          + "(\(summary.retries) of them retries)"
        : "\(summary.answered) split by \(HeuristicSplit.name)"
      return journeys + ", " + work + ", \(summary.sessions) sessions"
        + (rows.map { "; \($0) rows of channel_reporting" } ?? "")
    }
  }
}

extension ChannelReport.CostBasis: ExpressibleByArgument {}
