import TestKit
import Testing
import Traffic
import Verification

@testable import Attribution

/// The watermark, idleness, and what is remembered how long.
@Suite struct WatermarkTests: TimedEvents {
  @Test func meetIsALatticeWithIdleAsItsNeutralElement() {
    let marks: [Watermark] = [.unknown, Watermark(-5), Watermark(0), Watermark(7), .idle]
    for a in marks {
      #expect(a.meet(.idle) == a && a.meet(.unknown) == .unknown && a.meet(a) == a)
      for b in marks {
        #expect(a.meet(b) == b.meet(a))
        for c in marks { #expect(a.meet(b).meet(c) == a.meet(b.meet(c))) }
      }
    }
  }

  @Test func theWatermarkIsTheLeastOverActiveInputsAndNeverGoesBack() {
    let task = makeTask()
    click(task, "a", start)
    #expect(task.progress.watermark == .unknown)
    task.markIdle(.impression)
    conversion(task, "a", start - 1_000)
    #expect(task.progress.watermark == Watermark(start - 1_000 - 600_000))
    task.markIdle(.conversion)
    #expect(task.progress.watermark == Watermark(start - 600_000))
    conversion(task, "b", start - 500_000)
    #expect(task.progress.watermark == Watermark(start - 600_000))
  }

  @Test func aSilentInputHoldsStateBackForSevenDaysAtMost() {
    let engine = Engine(.everything)
    engine.tasks[0].markIdle(.conversion)
    engine.apply(
      OracleEvent(kind: .impression, time: start, eventID: "i", userID: "u", campaignID: "c"))
    engine.tasks[0].markIdle(.impression)
    for hour in 0..<30 * 24 {
      engine.apply(touch("k-\(hour)", start + Int64(hour) * 3_600_000, user: "u-\(hour)"))
      engine.commit()
    }
    // Seven days of silence, one of correction, and what a bucket adds.
    #expect(engine.tasks[0].size.identityCount < 9 * 24)
    #expect(engine.tasks[0].size.identityCount > 7 * 24)
  }

  @Test func stateIsEmptyAfterTheHorizonHasPassed() {
    let engine = Engine(.everything)
    let options = TrafficOptions(seed: 11, eventCount: 5_000)
    for record in TrafficGenerator(options) where record.truth == .ordinary {
      let time = record.timestamp
      engine.apply(touch("k-\(time)-\(record.key)", time, user: "u-\(record.key)"))
    }
    engine.commit()
    let task = engine.tasks[0]
    let full = task.size
    #expect(full.identityCount > 4_000 && full.userCount > 1_000 && full.tupleCount > 10)
    for kind in [EventKind.impression, .click, .conversion] {
      engine.apply(
        OracleEvent(
          kind: kind, time: start + 10 * 86_400_000, eventID: "z", userID: "z", campaignID: "z"))
    }
    engine.commit()
    #expect(task.size.identityCount == 3)
    #expect(task.size.userCount == 1)
    #expect(task.size.tupleCount == 2, "the last touch's and the unattributed one")
    #expect(task.size.journeyBytes < full.journeyBytes)
  }
}
