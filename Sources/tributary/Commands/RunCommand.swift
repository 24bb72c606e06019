import ArgumentParser
import Attribution
import Cluster
import Configuration
import Foundation
import Inputs
import Kafka
import Logging
import Pipeline
import Service
import Synchronization

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run the stream processor.",
    discussion: """
      On SIGTERM or SIGINT, the processor finishes the open transaction and leaves the consumer group \
      within 10 s. On a second signal it leaves at once, and the next run repeats the unfinished transaction.
      """)

  @OptionGroup var options: GlobalOptions

  @Flag(help: "Process the records that the topics hold now, close every window, and exit.")
  var exitAtEnd = false

  @Option(
    help: ArgumentHelp(
      "Serve /livez, /readyz, /statusz and /metrics on HOST:PORT; a port alone means localhost.",
      valueName: "host:port"))
  var http: String?

  @OptionGroup var listening: HTTPOptions

  @Flag(help: "Print the summary as JSON.")
  var json = false

  func validate() throws {
    if let http, HTTPOptions.address(http) == nil {
      throw ValidationError("--http takes HOST:PORT or PORT, as in 0.0.0.0:9090, not \(http).")
    }
  }

  func run() throws {
    let server = try server()
    let settings = try options.load()
    let failpoint = try Failpoint.named(in: ProcessInfo.processInfo.environment)
    let logger = options.makeLogger()
    limitIdleMemory(workers: settings.workers)
    let service = try service(settings, server, logger)
    defer { service?.stop() }
    let shutdown = Shutdown(logger)
    let signals = StopSignals(timeout: Shutdown.timeout) {
      shutdown.begin()
    } beforeForcedExit: {
      shutdown.abandon()
    }
    let summary = try withExtendedLifetime(signals) {
      try process(settings, failpoint, logger, shutdown, service)
    }
    try RunReport(summary, settings).print(asJSON: json)
  }

  /// Where health and metrics are to be served; nil for nowhere.
  private func server() throws -> HTTPServer.Settings? {
    try http.flatMap(HTTPOptions.address).map {
      try listening.settings(host: $0.host, port: $0.port)
    }
  }

  /// What serves health and metrics, where asked for.
  private func service(
    _ settings: Configuration, _ server: HTTPServer.Settings?, _ logger: Logger
  ) throws -> RunService? {
    guard let server else { return nil }
    return try RunService(server, settings, logger: logger)
  }

  private func process(
    _ settings: Configuration, _ failpoint: Failpoint?, _ logger: Logger, _ shutdown: Shutdown,
    _ service: RunService?
  ) throws -> Processor.Summary {
    let preflight = try Preflight(settings, logger: logger)
    let plan = try preflight.withPatience(isFirst: true) {
      let facts = try preflight.facts()
      let plan = try preflight.plan(facts)
      try preflight.checkSettings(facts)
      return plan
    }
    try preflight.withPatience(isFirst: false) { try preflight.checkHistory(plan) }
    var log: any Log = KafkaLog(settings, plan: plan, logger: logger)
    if let failpoint {
      logger.warning("\(Failpoint.variable) is set: this process will kill itself")
      log = FailpointLog(log, failpoint, configuration: settings)
    }
    let processor = Processor(
      settings, plan: plan, log: log, output: try PublishedOutput(settings), stopsAtEnd: exitAtEnd,
      logger: logger)
    logger.info(
      "\(settings.applicationID): \(plan.taskCount) tasks, \(processor.workerCount) workers")
    shutdown.take(processor)
    service?.watch(processor)
    return try processor.run()
  }
}
