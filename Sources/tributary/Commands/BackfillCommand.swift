import ArgumentParser
import Attribution
import Cluster
import Configuration
import Foundation
import History

struct BackfillCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backfill",
    abstract: "Recompute past days from the input topics and publish them.",
    discussion: """
      The command counts the events of the period that wait in late-events. It publishes every rollup and \
      attribution that differs from the recomputed one, final and with a higher revision. A processor may \
      run meanwhile; if none runs, the command publishes by itself. To windows that the processor can still \
      correct, the backfill adds the late events and nothing else. Each day of event time is one \
      transaction: run an interrupted backfill again with the same period to resume it. Running a finished \
      backfill again changes nothing.

      The inputs must reach back to one lookback (and the longest window) before the period. The command \
      needs memory for a day's events of one partition, about 80 bytes per event.
      """)

  @OptionGroup var options: GlobalOptions
  @OptionGroup var period: PeriodOptions

  @Option(
    help: ArgumentHelp(
      "Fill only these views, which were added with `since`; late events stay uncounted.",
      valueName: "name,name"))
  var views: String?

  @Option(
    help: ArgumentHelp(
      "Fill only these models, which were added with `since`; late events stay uncounted.",
      valueName: "name,name"))
  var models: String?

  @Flag(help: "Show what would change and change nothing.")
  var dryRun = false

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let settings = try options.load()
    let logger = options.makeLogger()
    let range = try period.range
    let scope = try scope(settings.definitions)
    let stop = StopFlag()
    let signals = StopSignals { stop.raise() }
    let preflight = try Preflight(settings, logger: logger)
    let plan = try preflight.plan()
    try preflight.checkHistory(plan)
    let log = KafkaLog(settings, plan: plan, logger: logger)
    let publication = RollupPublication(settings, plan: plan, log: log, logger: logger)
    let backfill = Backfill(
      settings, plan: plan, log: log, from: range.lowerBound, to: range.upperBound, scope: scope)
    let result = try withExtendedLifetime(signals) {
      if !dryRun { try backfill.fence() }
      try publication.wait(shouldStop: { stop.isRaised })
      let result = try run(backfill, stop)
      if !dryRun { try publication.wait(shouldStop: { stop.isRaised }) }
      if stop.isRaised { throw interruption }
      return result
    }
    let printout = BackfillPrintout(result, range, isDryRun: dryRun, settings.definitions)
    try StandardOutput.print(json ? printout.json : printout.text)
  }

  private func scope(_ definitions: Definitions) throws -> BackfillScope? {
    guard views != nil || models != nil else { return nil }
    return BackfillScope(
      views: try names("view", views, among: definitions.views.map(\.name)),
      models: try names("model", models, among: definitions.models.map(\.rawValue))
        .map { Set($0.compactMap(Model.init)) })
  }

  private func names(_ kind: String, _ text: String?, among known: [String]) throws -> Set<String>?
  {
    guard let text else { return nil }
    let names = text.split(separator: ",").map(String.init)
    for name in names where !known.contains(name) {
      throw ValidationError(
        "--\(kind)s: there is no \(kind) \(name); there are \(known.joined(separator: ", ")).")
    }
    if names.isEmpty { throw ValidationError("--\(kind)s names no \(kind).") }
    return Set(names)
  }

  private func run(_ backfill: Backfill, _ stop: StopFlag) throws -> BackfillResult {
    var bar: ProgressBar?
    defer { bar?.end() }
    backfill.onProgress = { progress in
      if stop.isRaised { throw interruption }
      let shown = bar ?? ProgressBar(total: progress.total, unit: "records")
      bar = shown
      shown.show(progress.done)
    }
    return try backfill.run(isDryRun: dryRun)
  }

  private var interruption: Failure {
    Failure(
      dryRun
        ? "interrupted; nothing was changed"
        : "interrupted; days that are done stay done, the same command goes on behind them")
  }
}
