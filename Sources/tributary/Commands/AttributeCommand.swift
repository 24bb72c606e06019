import ArgumentParser
import Attribution
import Configuration
import Files
import Foundation
import Logging

struct AttributeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "attribute",
    abstract: "Attribute files, without Kafka.",
    discussion: """
      The numbers are those that `run` would publish of the same events. What a file holds, and under which \
      names, is said by the entries of `inputs` that have `files`; otherwise its name or its folder's says \
      it: impressions*, clicks*, conversions*, costs*; in a SQLite file the names of its tables. Files need not be sorted, but an event that comes more than watermark_delay \
      and correction_horizon behind the newest one before it is too late and does not count.

      Records that cannot be used are counted by reason and field, with an example of each. If they are more \
      than a fifth of a kind (--allow-broken), nothing is written, and the exit code is 1.

      The output has every rollup once, ordered by view, window start and names. CSV has the columns \
      view, window_start, window_end, campaign_id, channel, ad_id and every extra dimension (empty where \
      the view has no such dimension), impressions, clicks, users, sessions, conversions_MODEL and revenue_MODEL for every \
      model, spend, currency, final, revision, watermark. JSON lines are the records of the rollups \
      topic. SQLite has the tables of `tributary sink`, attributions included: the queries in Deploy/sql \
      run on it.

      --attributions writes who got the credit: JSON lines as in the attributions topic, or CSV with one \
      line per conversion and touch. It takes about as much room on the disk as it is long, beside the \
      output, until it is done.
      """)

  @OptionGroup var options: GlobalOptions
  @OptionGroup var files: FileOptions

  @Option(
    name: [.short, .long],
    help: ArgumentHelp(
      "Where the rollups go: .csv, .jsonl or .sqlite; replaced when all is done.",
      valueName: "file"))
  var output: String

  @Option(
    help: ArgumentHelp("Where the attributions go: .csv or .jsonl.", valueName: "file"))
  var attributions: String?

  @Flag(help: "Print the summary as JSON.")
  var json = false

  func validate() throws {
    try files.requirePaths()
    if ResultFormat(path: output) == nil {
      throw ValidationError("--output \(output): must end in .csv, .jsonl or .sqlite.")
    }
    guard let attributions else { return }
    let format = ResultFormat(path: attributions)
    if format == nil || format == .sqlite {
      throw ValidationError("--attributions \(attributions): must end in .csv or .jsonl.")
    }
    if attributions == output {
      throw ValidationError("--attributions and --output must be two files.")
    }
  }

  func run() throws {
    let settings = try options.load()
    let logger = options.makeLogger()
    let found = try findFiles(settings, logger)
    var attribution = FileAttribution(
      settings, files: found, output: output, attributions: attributions)
    attribution.brokenShare = files.allowBroken
    let stop = StopFlag()
    let signals = StopSignals { stop.raise() }
    let progress = ProgressBar(total: Int(attribution.byteCount >> 10), unit: "KiB")
    let summary = try withExtendedLifetime(signals) {
      defer { progress.end() }
      do {
        return try attribution.run(shouldStop: { stop.isRaised }) {
          progress.show(Int($0 >> 10))
        }
      } catch is FileAttribution.Stopped {
        throw Failure("stopped before the end; nothing was written")
      }
    }
    for warning in summary.warnings { logger.warning("\(warning)") }
    let printout = AttributePrintout(
      summary, files: found, output: output, attributions: attributions,
      horizon: settings.definitions.correctionHorizon)
    try StandardOutput.print(json ? printout.json : printout.text)
    if let failure = printout.brokenText { throw Failure(failure) }
  }

  private func findFiles(_ settings: Configuration, _ logger: Logger) throws -> [InputFile] {
    let found = try FileFinder(kind: files.eventKind, rules: files.rules(settings)).find(
      files.paths)
    for line in found.skipped { logger.warning("\(line)") }
    guard !found.files.isEmpty else {
      throw Failure(
        "there are no files of impressions, clicks, conversions or costs in "
          + files.paths.joined(separator: ", "))
    }
    if let file = found.files.first(where: { settings.topics.input(of: $0.kind) == nil }) {
      throw Failure(
        "\(file.name) holds \(file.kind.inputName), but topics.\(file.kind.inputName) is null in the "
          + "configuration")
    }
    return found.files
  }
}
