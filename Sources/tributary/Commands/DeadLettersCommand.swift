import ArgumentParser
import Attribution
import Cluster
import Codec
import Configuration
import Foundation
import History
import Reporting

struct DeadLettersCommand: ParsableCommand {
  /// Stretches of time that dead letters are counted by.
  enum Span: String, ExpressibleByArgument, CaseIterable { case hour, day }

  static let configuration = CommandConfiguration(
    commandName: "dead-letters",
    abstract: "List the records that cannot be used, with reasons, and send them again.",
    discussion: """
      Lists dead letters by topic, reason and field, with an example of each and when they came. \
      --replay sends them to the topics that they came from once what was wrong has been repaired: \
      each once, however often it runs. A record that is refused again becomes a new dead letter.
      """)

  @OptionGroup var options: GlobalOptions

  @Option(help: "Only dead letters with this reason, such as invalid_field.")
  var reason: String?

  @Option(help: "Only dead letters from this topic.")
  var topic: String?

  @Option(
    help: ArgumentHelp(
      "Only dead letters since then: 24h, or a time.",
      valueName: "time"))
  var since: String?

  @Option(help: "Count over time: hour or day.")
  var by: Span?

  @Option(help: "Time zone of days and hours (IANA name).")
  var timezone = "UTC"

  @Flag(help: "Show the examples' values, which may hold personal data.")
  var showValues = false

  @Flag(help: "List what would be sent again; with --yes, send it.")
  var replay = false

  @Flag(help: "Send, with --replay.")
  var yes = false

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    if ZonedCalendar(timezone) == nil {
      throw ValidationError("--timezone \(timezone) is no time zone such as Europe/Berlin.")
    }
    if yes && !replay { throw ValidationError("--yes says yes to --replay; it needs it.") }
    if replay && (by != nil || showValues) {
      throw ValidationError("--by and --show-values list; they do not go with --replay.")
    }
    _ = try instant()
  }

  /// What `--since` says, in milliseconds.
  private func instant() throws -> Milliseconds? {
    guard let since else { return nil }
    if let time = Time.parse(since) { return time }
    guard let length = try? DurationText.parse(since), length > 0 else {
      throw ValidationError(
        "--since \(since) is neither a duration such as 24h nor an instant such as "
          + "2026-01-05T08:00:00Z.")
    }
    return Milliseconds(Date().timeIntervalSince1970 * 1_000) - length
  }

  /// Only inputs are written to.
  private func checkTopic(_ settings: Configuration) throws {
    guard let topic else { return }
    var inputs: [String] = []
    for source in settings.sourceTopics where !inputs.contains(source.name) {
      inputs.append(source.name)
    }
    guard !inputs.contains(topic) else { return }
    throw Failure(
      "--topic \(topic) is none of the inputs (\(inputs.joined(separator: ", "))): nothing can be sent there"
    )
  }

  func run() throws {
    let settings = try options.load()
    if replay { try checkTopic(settings) }
    let logger = options.makeLogger()
    let plan = try Preflight(settings, logger: logger).plan()
    let log = KafkaLog(settings, plan: plan, logger: logger)
    let filter = DeadLetterFilter(reason: reason, topic: topic, since: try instant())
    if replay {
      let result = try DeadLetterReplay(settings, log: log, filter).run(isDryRun: !yes)
      let printout = ReplayPrintout(result, isDryRun: !yes)
      return try StandardOutput.print(json ? printout.json : printout.text)
    }
    let calendar = ZonedCalendar(timezone)!
    let summary = try DeadLetterSummary(settings, from: log, filter, showsValues: showValues) {
      time in
      guard by == .hour else { return calendar.start(of: calendar.day(of: time)) }
      return time - (time % 3_600_000 + 3_600_000) % 3_600_000
    }
    let printout = DeadLettersPrintout(summary, calendar, by: by)
    try StandardOutput.print(json ? printout.json : printout.text)
  }
}
