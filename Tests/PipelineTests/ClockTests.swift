import Attribution
import Kafka
import Synchronization
import Testing

@testable import Pipeline
@testable import TestKit
@testable import Traffic

/// What clocks may and may not do.
@Suite struct ClockTests {
  /// Two clocks that a test sets.
  private final class Hands: Sendable {
    private let hands = Mutex((monotonic: Milliseconds(5_000), wall: Milliseconds(1_000_000)))
    func advance(_ duration: Milliseconds) {
      hands.withLock {
        $0.monotonic += duration
        $0.wall += duration
      }
    }
    func jump(_ distance: Milliseconds) { hands.withLock { $0.wall += distance } }
    var clock: ProcessClock {
      ProcessClock(
        monotonic: { [self] in hands.withLock { $0.monotonic } },
        wall: { [self] in hands.withLock { $0.wall } })
    }
  }

  @Test func aJumpAheadMakesNothingFinalEarlyAndAJumpBackMakesNoEventOneOfTheFuture() {
    let hands = Hands()
    let clock = hands.clock
    hands.advance(10)
    #expect(clock.earlierWall == 1_000_010 && clock.laterWall == 1_000_010)
    hands.jump(3_600_000)
    #expect(clock.earlierWall == 1_000_010 && clock.laterWall == 4_600_010)
    hands.jump(-7_200_000)
    #expect(clock.earlierWall == -2_599_990 && clock.laterWall == 1_000_010)
    #expect(clock.monotonic() == 5_010)
    // What it shows for an hour on end is believed.
    hands.advance(3_599_999)
    #expect(clock.laterWall == 4_600_009 && clock.earlierWall == 1_000_009)
    hands.advance(1)
    #expect(clock.laterWall == 1_000_010)
    hands.jump(3_600_000)
    #expect(clock.earlierWall == 1_000_010)
    hands.advance(3_600_000)
    #expect(clock.earlierWall == 8_200_010)
  }

  @Test func aClockSetBackByAnHourStopsNoCommit() throws {
    let simulation = Simulation(PipelineTests.definitions, seed: 1)
    let records = Array(TrafficGenerator(PipelineTests.traffic(8)))
    for slot in simulation.workers.all { simulation.start(slot) }
    func run(_ part: ArraySlice<GeneratedRecord>) -> Int {
      let before = simulation.counts.commits
      for record in part {
        simulation.append(record)
        for slot in simulation.workers.all { simulation.step(slot) }
      }
      return simulation.counts.commits - before
    }
    let usual = run(records[..<200])
    for party in SimulatedClock.Party.allCases { simulation.clock.jump(party, by: -3_600_000) }
    #expect(usual > 2 && run(records[200..<400]) > usual / 2)
    for party in SimulatedClock.Party.allCases { simulation.clock.jump(party, by: 7_200_000) }
    #expect(run(records[400..<600]) > usual / 2)
    try simulation.runToEnd()
    let report = simulation.verify()
    #expect(report.differences.agrees, "\(report.differences)")
    #expect(report.refusedByClock == 0)
  }

  /// The one clock that is a year ahead is the producer's, which stamps the record as well.
  @Test func anEventOfAYearAheadDoesNotMoveTheWatermark() throws {
    let simulation = Simulation(PipelineTests.definitions, seed: 1)
    let records = Array(TrafficGenerator(PipelineTests.traffic(8)))
    let stray = GeneratedRecord(
      kind: .click, key: Array("u".utf8),
      value: Array(
        #"{"event_id":"x","user_id":"u","event_time":1800000000000,"campaign_id":"c"}"#.utf8),
      timestamp: 1_800_000_000_000, truth: .ordinary)
    for record in records.prefix(100) { simulation.append(record) }
    simulation.append(stray)
    for record in records.dropFirst(100) { simulation.append(record) }
    try simulation.runToEnd()
    let report = simulation.verify()
    #expect(report.differences.agrees, "\(report.differences)")
    #expect(report.refusedByClock == 1 && simulation.recordsRefusedAsFuture.count >= 1)
    #expect(report.notes.contains { $0.hasPrefix("1 records of clicks are dead letters by the") })
    // Nothing that came behind it is too late.
    #expect(report.inputs.map(\.tally.tooLate).reduce(0, +) < 20)
  }

  @Test func statusesAreSaidAgainEveryTenSecondsOrAsOftenAsInputsBecomeIdle() {
    var configuration = Simulation(Definitions(), seed: 1).configuration
    for (idle, interval) in [(60_000, 10_000), (2_000, 2_000), (1, 1_000)] as [(Int64, Int64)] {
      configuration.commitInterval = 1_000
      configuration.definitions.idleTimeout = idle
      let repetition = StatusRepetition(configuration, now: 100)
      #expect(!repetition.isDue(now: 99 + interval) && repetition.isDue(now: 100 + interval))
      repetition.didCommit(now: 100 + interval)
      #expect(repetition.isDue(now: 100 + interval), "a commit without them")
      repetition.begin()
      repetition.didCommit(now: 100 + interval)
      #expect(!repetition.isDue(now: 99 + 2 * interval))
    }
  }

  /// An idle world writes a few records every ten seconds, and no more.
  @Test func anIdleWorldIsNotBusy() throws {
    let simulation = Simulation(PipelineTests.definitions, seed: 1, commitInterval: 1_000)
    for record in TrafficGenerator(PipelineTests.traffic(8)).prefix(300) {
      simulation.append(record)
    }
    for slot in simulation.workers.all { simulation.start(slot) }
    func run(milliseconds: Milliseconds) {
      let end = simulation.clock.elapsed + milliseconds
      while simulation.clock.elapsed < end {
        simulation.clock.advance(100)
        for slot in simulation.workers.all { simulation.step(slot) }
      }
    }
    run(milliseconds: 120_000)
    let open = simulation.rollupsOnTopic().values.filter { !$0.isFinal }
    #expect(open.isEmpty, "\(open.count) windows are not final by themselves")
    let before = simulation.counts.commits
    run(milliseconds: 120_000)
    // Two workers of the attribution and one of the rollups, twelve times.
    let commits = simulation.counts.commits - before
    #expect(commits >= 24 && commits <= 48, "\(commits)")
  }
}
