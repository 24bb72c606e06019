import Attribution
import Reporting
import Service
import Testing

@testable import Readers

@Suite("How a reader of the rollups topic stands")
struct ReaderHealthTests {
  private let metrics = Metrics()
  private let health: ReaderHealth

  init() {
    health = ReaderHealth(
      LiveBoard(Definitions(), partitionCount: 2), EventHub(), topic: "rollups", metrics)
  }

  private func note(_ position: Int64, end: Int64, isCaughtUp: Bool = true, now: Milliseconds) {
    health.note(
      positions: [0: position, 1: 4], ends: [0: end, 1: 4], isCaughtUp: isCaughtUp, now: now)
  }

  @Test("It is not ready before it has read what the topic held")
  func catchingUp() {
    note(3, end: 9, isCaughtUp: false, now: 0)
    #expect(health.health.obstacles == ["the rollups topic is still being read"])
    note(9, end: 9, now: 1_000)
    #expect(health.health.obstacles.isEmpty)
    #expect(health.health.partitions.map(\.lag) == [0, 0])
  }

  @Test("A partition that is behind and does not move for a minute is stuck, until it moves")
  func stuck() {
    note(3, end: 9, now: 0)
    note(3, end: 9, now: 1_000)
    note(3, end: 12, now: 61_000)
    #expect(health.health.obstacles.isEmpty)
    note(3, end: 12, now: 61_001)
    #expect(
      health.health.obstacles == ["rollups [0] is stuck at offset 3 for 60 s, 9 records behind"])
    note(4, end: 12, now: 61_002)
    #expect(health.health.obstacles.isEmpty)
  }

  @Test("Metrics tell lag and what could not be read")
  func exposition() {
    note(3, end: 9, now: 0)
    #expect(health.noteUnreadable() == 1)
    #expect(health.noteUnreadable() == 2)
    health.refresh(metrics)
    let text = metrics.text
    #expect(text.contains("tributary_reader_lag_records{partition=\"0\"} 6\n"))
    #expect(text.contains("tributary_unreadable_records_total 2\n"))
  }
}
