import ArgumentParser
import Foundation
import TestKit

@main
struct Simulate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract: "Runs the pipeline through crashes, failures and rebalances, one world per seed.",
    discussion: """
      Every run ends in a comparison with the oracle and the conservation laws. Prints each failing \
      seed and how to replay it. Exit code 0: none failed, 1: some did, 2: wrong usage.
      """)

  @Option(help: "How many seeds to run.")
  var seeds: UInt64 = 2_000

  @Option(help: "The first seed.")
  var first: UInt64 = 1

  @Option(help: "Run this seed only, and print every step.")
  var seed: UInt64?

  @Option(help: "Worker threads; 0 stands for one per core.")
  var threads = 0

  @Flag(help: "Stop at the first seed that fails.")
  var stopAtFailure = false

  func run() throws {
    if let seed { return try replay(seed) }
    let began = ContinuousClock.now
    let campaign = SimulationCampaign(
      seeds: first..<first + seeds, threads: threads, stopsAtFailure: stopAtFailure)
    let summary = campaign.run { result in
      guard let failure = result.failure else { return }
      print("seed \(result.seed) fails: \(failure)")
      print("  replay: scripts/simulate --seed \(result.seed)")
      fflush(nil)
    }
    for (name, count) in summary.counts.named { print("\(name): \(count)") }
    let seconds = began.duration(to: .now) / .seconds(1)
    print("\(summary.runs) seeds, \(summary.failures.count) failed, \(Int(seconds)) s")
    if !summary.failures.isEmpty { throw ExitCode(1) }
  }

  private func replay(_ seed: UInt64) throws {
    let result = SimulationRun.run(seed: seed) { print($0) }
    for (name, count) in result.counts.named where count > 0 { print("\(name): \(count)") }
    print("trace \(String(result.traceHash, radix: 16))")
    guard let failure = result.failure else { return print("seed \(seed) passes") }
    print("seed \(seed) fails: \(failure)")
    throw ExitCode(1)
  }
}
