import Attribution
import TestKit
import Testing
import Traffic

/// Both stages through everything that the simulator has in store. A failing seed is replayed with
/// `scripts/simulate --seed N`.
@Suite struct SimulationTests {
  @Test func twoThousandWorldsLoseNothingAndCountNothingTwice() {
    let summary = SimulationCampaign(seeds: 1..<2_001).run { result in
      if let failure = result.failure {
        Issue.record("seed \(result.seed): \(failure)")
      }
    }
    #expect(summary.runs == 2_000)
    // `ends` is asked for at the end only, when nothing goes wrong any more, and `startOffsets` by backfills.
    for call in LogCall.allCases where call != .ends && call != .startOffsets {
      #expect(summary.counts.brokenCalls[call, default: 0] > 5, "\(call) hardly ever failed")
    }
    for (name, count) in summary.counts.named {
      #expect(count > 0, "\(name): never")
    }
  }

  @Test(arguments: [11, 899, 1_926] as [UInt64])
  func aSeedGoesTheSameWayTwice(seed: UInt64) {
    let first = SimulationRun.run(seed: seed)
    let second = SimulationRun.run(seed: seed)
    #expect(first.counts.steps > 50)
    #expect(first.traceHash == second.traceHash)
    #expect(first.traceHash != SimulationRun.run(seed: seed + 1).traceHash)
  }

  /// What others are known to lose: keys over two partitions, two workers, short windows, a
  /// rebalance in mid-window, then SIGKILL in a commit.
  @Test(
    arguments: [
      .read, .begin, .produce, .sendOffsets, .sentOffsets, .commit, .committed,
    ] as [LogCall], [false, true])
  func aRebalanceInMidWindowAndThenAKillLeaveNoBucketShort(call: LogCall, isStatic: Bool) throws {
    var definitions = PipelineTests.definitions
    definitions.views = [
      View(name: "campaign_10s", dimensions: [.campaignID], periodMilliseconds: 10_000)
    ]
    let simulation = Simulation(
      definitions, seed: 5, partitions: 2, rollupPartitions: 2, isStatic: isStatic)
    var options = TrafficOptions(seed: 5, eventCount: 600)
    options.definitions = definitions
    options.users = 30
    options.campaigns = 4
    options.eventsPerSecond = 5
    let records = Array(TrafficGenerator(options))
    simulation.start(simulation.workers.attribution[0])
    simulation.start(simulation.workers.rollups[0])
    for (index, record) in records.enumerated() {
      simulation.append(record)
      if index == records.count / 3 { simulation.start(simulation.workers.attribution[1]) }
      if index == records.count / 2 { simulation.hooks.killsNext = call }
      guard index % 10 == 0 else { continue }
      for slot in simulation.workers.all { simulation.step(slot) }
    }
    #expect(simulation.hooks.killsNext == nil)
    try simulation.runToEnd()
    let report = simulation.verify()
    #expect(report.differences.agrees, "\(report.differences)")
    #expect(report.rollups > 40 && report.finalRollups == report.rollups)
  }
}
