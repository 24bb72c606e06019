import ArgumentParser
import Benchmarks
import BrokerKit
import Configuration
import Foundation
import Logging
import Service

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure this machine or your cluster: engine, throughput, restore, latency.",
    discussion: """
      The load is a last-touch job with the default settings: ten clicks per conversion, 3% duplicates, \
      180 bytes per record, 26 hours of event time. The same options give the same records on every machine.

      `engine` runs one core without a broker and prints the median of the passes by CPU time, after a \
      warm-up that fills the state. `lookback` is the memory that 30 days of clicks take beside a hundred times as many \
      impressions that earn nothing. `cluster` runs `run --exit-at-end` over prepared topics, and bare \
      consumers over the same records; every line is a process of its own. `latency` is the time from a \
      record's timestamp to its committed rollup. With -b both use that cluster, in topics of their own that \
      they delete again. Without -b they use a local broker, which is much slower than Kafka: compare CPU \
      time there, not throughput.
      """)

  enum Part: String, ExpressibleByArgument, CaseIterable { case engine, lookback, cluster, latency }

  @OptionGroup var options: GlobalOptions

  @Option(name: .customLong("part"), help: "Part to measure; repeatable. Default: all.")
  var parts: [Part] = []

  @Option(help: "Records per pass of the engine, after as many to warm up.")
  var events = 1_000_000

  @Option(help: "Records in topics; default: 4,500,000, or 2,000,000 on the local broker.")
  var records: Int?

  @Option(help: "Number of users.")
  var users = 200_000

  @Option(help: "Number of campaigns.")
  var campaigns = 200

  @Option(help: "Passes per figure of the engine.")
  var passes = 5

  @Option(help: "Records per second of the latency run.")
  var rate = 20_000

  @Option(help: "Seed of the workload.")
  var seed: UInt64 = 1

  @Flag(help: "Skip the runs with more users, campaigns, state or partitions, and with one worker.")
  var quick = false

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    if let records, records < 1 { throw ValidationError("--records must be at least 1.") }
    if events < 1 { throw ValidationError("--events must be at least 1.") }
    if users < 1 || campaigns < 1 {
      throw ValidationError("--users and --campaigns must be at least 1.")
    }
    if passes < 1 { throw ValidationError("--passes must be at least 1.") }
    if rate < 100 { throw ValidationError("--rate must be at least 100.") }
  }

  func run() throws {
    var report = BenchmarkReport()
    if isWanted(.engine) { report.engine = try engine() }
    if isWanted(.lookback) { report.lookback = lookback() }
    if isWanted(.cluster) || isWanted(.latency) { report.cluster = try cluster() }
    try StandardOutput.print(json ? report.json : report.text)
  }

  private func isWanted(_ part: Part) -> Bool { parts.isEmpty || parts.contains(part) }

  private var workload: Workload.Options {
    var workload = Workload.Options()
    workload.seed = seed
    workload.events = events
    workload.warmUp = events
    workload.users = users
    workload.campaigns = campaigns
    return workload
  }

  // MARK: Parts

  private func engine() throws -> EngineFigures {
    note("engine")
    let suite = BenchmarkSuite(workload, passes: passes)
    var engine = EngineFigures(
      figures: suite.figures(), decoding: try suite.decoding(), restore: try suite.restore())
    engine.peakBytes = ProcessMemory.peakResidentBytes
    if !quick {
      for growth in BenchmarkSuite.Growth.allCases {
        note("engine: ten times the \(growth)")
        engine.growth.append((growth, suite.figures(grown: growth)))
      }
    }
    return engine
  }

  /// A hundredth to a tenth of 100,000,000 impressions a day.
  private func lookback() -> LookbackFigures {
    let loads = quick ? [1_000_000] : [1_000_000, 2_000_000, 5_000_000, 10_000_000]
    return LookbackFigures(
      days: 30,
      runs: loads.map { load in
        note("lookback: \(load) impressions a day")
        var run = LookbackRun(days: 30, impressionsPerDay: load, seed: seed)
        return run.measure()
      })
  }

  private func cluster() throws -> ClusterFigures {
    var settings = try options.load()
    let broker = options.bootstrapServers == nil ? try LocalBroker() : nil
    defer { broker?.stopAndWait() }
    if let broker { settings.bootstrapServers = broker.bootstrapServers }
    let benchmark = ClusterBenchmark(
      options: options, settings: settings, logger: options.makeLogger(), records: recordCount,
      waitForRest: { broker?.waitForRest() }, progress: note)
    var figures = ClusterFigures()
    figures.isLocalBroker = broker != nil
    if isWanted(.cluster) {
      for load in loads { figures.lines += try benchmark.measure(load) }
    }
    if isWanted(.latency) {
      figures.latency = ClusterFigures.Latency(
        try benchmark.latency(rate: rate, seconds: quick ? 10 : 40))
    }
    return figures
  }

  /// The local broker is slow, and holds what it has not handed out in this process's memory.
  private var recordCount: Int {
    records ?? (options.bootstrapServers == nil ? 2_000_000 : 4_500_000)
  }

  private var loads: [ClusterBenchmark.Load] {
    // All of it is within the horizon in the end.
    var base = workload
    base.warmUp = recordCount
    let main = ClusterBenchmark.Load(
      name: "4 partitions, \(users) users, \(campaigns) campaigns", options: base,
      workers: quick ? [2] : [2, 1], isMain: true)
    guard !quick else { return [main] }
    var tenfold = base
    tenfold.users *= 10
    tenfold.campaigns *= 10
    return [
      main,
      .init(
        name: "4 partitions, \(tenfold.users) users, \(tenfold.campaigns) campaigns",
        options: tenfold),
      .init(name: "1 partition", partitions: 1, options: base, workers: [1]),
      .init(name: "8 partitions", partitions: 8, options: base),
    ]
  }

  private func note(_ text: String) {
    StandardError.say(text, level: .info)
  }
}
