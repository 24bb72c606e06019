import ArgumentParser
import Attribution
import Codec
import Configuration
import Foundation
import Kafka
import Traffic

struct GenerateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate",
    abstract: "Generate realistic, reproducible traffic into Kafka or files.",
    discussion: """
      The traffic has users with several touches, campaigns of uneven size, a daily curve, conversions that \
      follow clicks, and some that follow nothing. The same options give the same events. With --profile market, click \
      rates, conversion rates and prices are those of each channel in published benchmarks, about one click in \
      70 impressions and one conversion in 40 clicks. With --profile dense, much happens among few events.
      """)

  @OptionGroup var options: GlobalOptions

  @Option(help: "Number of impressions, clicks and conversions, without duplicates.")
  var events = 100_000

  @Option(help: "What the traffic is like.")
  var profile = TrafficProfile.market

  @Option(help: "Seed of the generator.")
  var seed: UInt64 = 1

  @Option(help: "Records per second; 0 for as fast as possible.")
  var rate = 0

  @Option(
    help: ArgumentHelp(
      "Event time of the beginning, RFC 3339; default: a Monday of 2026, or now with --rate."))
  var start: String?

  @Option(help: "Fraction of duplicated events.")
  var duplicates = 0.03

  @Option(help: "Longest delay of an ordinary event, as a duration.")
  var disorder = "30s"

  @Option(help: "Fraction of late events; a further tenth of it is too late.")
  var late = 0.01

  @Option(help: "Fraction of unusable records.")
  var malformed = 0.001

  @Option(
    help: ArgumentHelp(
      "Fraction of events that later versions restate, move or delete.", valueName: "fraction"))
  var versionRate = 0.0

  @Option(help: "Number of users.")
  var users = 200_000

  @Option(help: "Number of campaigns.")
  var campaigns = 40

  @Flag(help: "Also generate costs that are not on a touch.")
  var costs = false

  @Option(help: ArgumentHelp("Folder for JSON lines, instead of Kafka.", valueName: "dir"))
  var jsonl: String?

  @Flag(help: "Print what was generated as JSON.")
  var json = false

  func validate() throws {
    if events < 0 { throw ValidationError("--events must not be negative.") }
    if rate < 0 { throw ValidationError("--rate must not be negative.") }
    for (name, value) in [
      ("duplicates", duplicates), ("late", late), ("malformed", malformed),
      ("version-rate", versionRate),
    ]
    where !(0...1).contains(value) {
      throw ValidationError("--\(name) must lie between 0 and 1.")
    }
    if users < 1 || campaigns < 1 {
      throw ValidationError("--users and --campaigns must be at least 1.")
    }
  }

  func run() throws {
    let settings = try options.load()
    var generator = TrafficGenerator(try trafficOptions(settings))
    if let jsonl {
      let summary: TrafficSummary
      do { summary = try generator.writeJSONLines(to: URL(fileURLWithPath: jsonl)) } catch {
        throw Failure(
          "cannot write to \(jsonl): \(error.localizedDescription) Give --jsonl a folder that can "
            + "be written to, with room for the events.")
      }
      return try StandardOutput.print(json ? summary.json : "\(summary)")
    }
    let progress = ProgressBar(total: events, unit: "events")
    let stop = StopFlag()
    let feed = try TrafficFeed(
      settings, pace: rate > 0 ? .rate(rate) : .unlimited, isStopped: { stop.isRaised },
      logger: options.makeLogger())
    let signals = StopSignals { stop.raise() }
    try withExtendedLifetime(signals) {
      try feed.send(&generator) { progress.show($0) }
    }
    progress.end()
    try StandardOutput.print(json ? generator.summary.json : "\(generator.summary)")
  }

  private func trafficOptions(_ settings: Configuration) throws -> TrafficOptions {
    var traffic = TrafficOptions(seed: seed, eventCount: events)
    traffic.profile = profile
    traffic.duplicates = duplicates
    traffic.late = late
    traffic.malformed = malformed
    traffic.versions = versionRate
    traffic.users = users
    traffic.campaigns = campaigns
    traffic.costRows = costs && settings.ownTopic(of: .cost) != nil
    traffic.definitions = settings.definitions
    do { traffic.disorder = try DurationText.parse(disorder) } catch {
      throw ValidationError("--disorder: \(error)")
    }
    if rate > 0 {
      // Event time goes on as fast as the clock, at every hour of the day.
      traffic.eventsPerSecond = Double(rate)
      traffic.hasDailyCurve = false
      traffic.start = Int64(Date().timeIntervalSince1970 * 1_000)
    }
    if let start {
      guard let time = Time.parse(start) else {
        throw ValidationError(
          "--start: \"\(start)\" is not RFC 3339, such as 2026-01-05T08:00:00Z.")
      }
      traffic.start = time
    }
    return traffic
  }
}

extension TrafficProfile: ExpressibleByArgument {}
