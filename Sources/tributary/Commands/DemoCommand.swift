import ArgumentParser
import Attribution
import BrokerKit
import Cluster
import Codec
import Configuration
import Foundation
import Kafka
import Logging
import Pipeline
import Readers
import Traffic

struct DemoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract:
      "Run everything: a local broker, generated traffic, the processor, the dashboard.",
    discussion: """
      The demo runs until Ctrl-C and leaves nothing behind. With -b it uses that cluster instead of a local \
      broker, and leaves its topics there. Delays that you do not set are shortened, so that windows become \
      final within seconds. With --json, nothing but the address of the dashboard, and at the end what was \
      processed, is printed, as lines of JSON.
      """)

  @OptionGroup var options: GlobalOptions
  @OptionGroup var tableOptions: TableOptions

  @Option(help: "Events per second.")
  var rate = 2_000

  @Option(help: "Stop after this time, such as 90s.")
  var duration: String?

  @Option(help: "Port of the local broker; default: a free one.")
  var port: UInt16?

  @Option(help: "Port of the dashboard; default: 8080, or a free one if that is taken.")
  var dashboardPort: UInt16?

  @Flag(help: "Print JSON instead of a table.")
  var json = false

  func validate() throws {
    if rate < 1 { throw ValidationError("--rate must be at least 1.") }
    if port == 0 { throw ValidationError("--port must be at least 1.") }
    if port != nil, options.bootstrapServers != nil {
      throw ValidationError("--port is the local broker's; with -b there is none.")
    }
    do {
      guard try length != .zero else {
        throw ValidationError("--duration must be longer than 0, as in 90s.")
      }
    } catch let error as DurationText.Invalid {
      throw ValidationError("--duration: \(error)")
    }
  }

  private var length: Duration? {
    get throws { try duration.map { .milliseconds(try DurationText.parse($0)) } }
  }

  func run() throws {
    var settings = DemoSettings.applied(to: try options.load())
    let table = try tableOptions.table(settings.definitions, defaultWindows: 6)
    let screen = Screen.isAvailable && !json ? Screen() : nil
    let stop = StopFlag()
    let signals = StopSignals({ stop.raise() }, beforeForcedExit: { screen?.leave() })
    try withExtendedLifetime(signals) {
      let broker = options.bootstrapServers == nil ? try startBroker(for: &settings) : nil
      defer { broker?.stopAndWait() }
      try show(table, settings, screen, stop)
    }
  }

  private func startBroker(for settings: inout Configuration) throws -> LocalBroker {
    note("starting a local broker")
    let broker = try LocalBroker(port: port)
    settings.bootstrapServers = broker.bootstrapServers
    // Nothing is generated for it: media cost is on the touches.
    settings.topics.costs = nil
    return broker
  }

  private func show(
    _ table: LiveTable, _ settings: Configuration, _ screen: Screen?, _ stop: StopFlag
  ) throws {
    // A log would be written across the page.
    let warning = screen != nil && isatty(STDERR_FILENO) == 1 ? LastWarning() : nil
    let logger = warning?.makeLogger() ?? options.makeLogger()
    note("creating topics at \(settings.bootstrapServers)")
    try TopicAdministration(settings, logger: logger)
      .create(partitions: 4, replicationFactor: -1) { _, _ in }
    let works = try DemoWorks(settings, rate: rate, logger: logger)
    let feed = try RollupFeed(settings, keeping: table.selection, logger: logger)
    defer { feed.close() }
    let dashboard = try DemoDashboard(settings, port: dashboardPort, logger: logger)
    defer { dashboard.stop() }
    note("the dashboard is at \(dashboard.link)")
    if json {
      try StandardOutput.print(JSONWriter.object { $0.field("dashboard", dashboard.link) })
    }

    let title =
      "dashboard \(dashboard.link)  ·  \(NumberText.count(Int64(rate))) events/s  ·  Ctrl-C ends"
    let display = LiveDisplay(table, title: title, screen: screen, warning: warning)
    let end = try length.map { ContinuousClock.now + $0 }
    let outcome = Result {
      screen?.enter(onResize: feed.waker)
      defer { screen?.leave() }
      try display.run(feed, isSilent: json) {
        stop.isRaised || works.hasFailed || dashboard.hasFailed
          || end.map { ContinuousClock.now >= $0 } ?? false
      }
    }
    note("stopping")
    let summary = try works.stop()
    try outcome.get()
    try dashboard.check()
    try feed.catchUp()
    if !json { try LiveDisplay(table, screen: nil, warning: nil).show(feed) }
    try RunReport(summary, settings).print(asJSON: json)
  }

  private func note(_ text: String) {
    StandardError.say(text, level: .info)
  }
}
