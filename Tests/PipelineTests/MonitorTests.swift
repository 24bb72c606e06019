import Attribution
import Kafka
import Testing

@testable import Pipeline

/// What workers show of themselves.
@Suite struct MonitorTests {
  private static let click = TopicPartition(topic: "clicks", partition: 3)

  private func publish(_ meter: Meter, at position: Int64, lag: Int64?) {
    meter.publish(.working) { report in
      report.tasks = [
        WorkerReport.Task(
          partition: 3, isKeyed: true, watermark: nil,
          sources: [
            WorkerReport.Source(
              partition: Self.click, position: position, lag: lag, isIdle: false)
          ], stores: [])
      ]
    }
  }

  @Test func aPartitionWithRecordsWaitingThatStandsStillShows() throws {
    let monitor = ProcessorMonitor()
    let meter = monitor.makeMeter(stage: "attribution", index: 0)
    #expect(monitor.workers.first?.report.phase == .starting)
    publish(meter, at: 10, lag: 0)
    #expect(monitor.workers[0].waits.isEmpty)
    publish(meter, at: 10, lag: 5)
    let wait = try #require(monitor.workers[0].waits[Self.click])
    publish(meter, at: 10, lag: 9)
    #expect(try #require(monitor.workers[0].waits[Self.click]) > wait)
    publish(meter, at: 11, lag: 9)
    #expect(monitor.workers[0].waits.isEmpty)
    #expect(monitor.workers[0].lastMoves[Self.click] != nil)
  }

  @Test func whatAWorkerHasCountedOutlivesIt() {
    let monitor = ProcessorMonitor()
    let first = monitor.makeMeter(stage: "rollups", index: 0)
    first.uncommitted.rollupsPublished = 7
    first.didCommit(in: .milliseconds(30))
    first.publish(.working) { _ in }
    let second = monitor.makeMeter(stage: "rollups", index: 0)
    second.uncommitted.rollupsPublished = 1
    second.didCommit(in: .milliseconds(30))
    second.publish(.working) { _ in }
    // It was abandoned and has come back to life: what it says counts no more.
    first.publish(.stopped) { _ in }
    let worker = monitor.workers[0]
    #expect(worker.report.phase == .working)
    #expect(worker.restarts == 1)
    #expect(worker.report.counters.rollupsPublished == 8)
    #expect(worker.report.counters.transactions == [.committed: 2])
    #expect(worker.report.counters.transactionTime.count == 2)
  }

  @Test func whatIsNotCommittedDoesNotCount() {
    let meter = Meter()
    meter.uncommitted.rollupsPublished = 7
    meter.discard()
    meter.didCommit(in: .zero)
    #expect(meter.counters.rollupsPublished == 0)
  }

  @Test func acceptanceTimesTravelAndStayFew() {
    var times = AcceptanceTimes()
    times.note(0, at: 1)
    #expect(times.isEmpty)
    times.note(3, at: 1_000_000)
    times.note(2, at: 1_000_010)
    times.note(5, at: 1_000_500)
    #expect(times.entries.map(\.count) == [5, 5])
    #expect(AcceptanceTimes([times.header]) == times)
    for step in 1...1_000 { times.note(1, at: 1_001_000 + Milliseconds(step) * 100) }
    #expect(times.entries.count == 64)
    #expect(times.entries.reduce(0) { $0 + $1.count } == 1_010)
    #expect(AcceptanceTimes([times.header]) == times)
    #expect(AcceptanceTimes([Header(name: "accepted", value: [0x80])]).isEmpty)
    #expect(AcceptanceTimes([]).isEmpty)
  }

  @Test func latencyIsWeightedByEvents() {
    var times = AcceptanceTimes()
    times.note(10, at: 1_000)
    times.note(1, at: 5_000)
    var histogram = Histogram(bounds: [1, 2])
    times.observe(now: 5_500, in: &histogram)
    #expect(histogram.counts == [1, 0, 10])
    #expect(histogram.sum == 45.5)
  }
}
