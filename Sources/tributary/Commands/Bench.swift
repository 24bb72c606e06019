import ArgumentParser
import Benchmarks
import Foundation

struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure what one core does here: engine, decoder, restore, size of the state.",
    discussion: """
      A last-touch job with the default settings, ten clicks for every conversion, 3% duplicates, \
      some 180 bytes per record; 26 hours of event time go before what is measured, so that as much \
      is forgotten as is remembered. The same options give the same records on every machine. \
      Figures are for one core: the median of the passes by CPU time. Needs no broker.
      """)

  @Option(help: "Records per pass, and as many again to warm up.")
  var events = 1_000_000

  @Option(help: "Number of users.")
  var users = 200_000

  @Option(help: "Number of campaigns.")
  var campaigns = 200

  @Option(help: "Passes per figure.")
  var passes = 5

  @Option(help: "Seed of the workload.")
  var seed: UInt64 = 1

  @Flag(help: "Leave out the runs with ten times the users, campaigns and state.")
  var skipGrowth = false

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    if events < 1 { throw ValidationError("--events must be at least 1.") }
    if users < 1 || campaigns < 1 {
      throw ValidationError("--users and --campaigns must be at least 1.")
    }
    if passes < 1 { throw ValidationError("--passes must be at least 1.") }
  }

  func run() throws {
    var workload = Workload.Options()
    workload.seed = seed
    workload.events = events
    workload.warmUp = events
    workload.users = users
    workload.campaigns = campaigns
    let suite = BenchmarkSuite(workload, passes: passes)
    var report = BenchmarkReport(figures: suite.figures(), restore: try suite.restore())
    report.peakBytes = ResidentMemory.peak
    if !skipGrowth {
      for growth in BenchmarkSuite.Growth.allCases {
        report.growth.append((growth, suite.figures(grown: growth)))
      }
    }
    print(json ? try report.json : report.text)
  }
}
