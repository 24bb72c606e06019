import TestKit
import Testing
import Traffic
import Verification

@testable import Attribution

/// Watermark, lateness, idleness, and what is remembered how long.
@Suite struct TimeTests {
  let start: Milliseconds = 1_767_600_000_000

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

  @Test func lateIsAppliedAndTooLateIsNot() {
    let task = makeTask()
    task.markIdle(.impression)
    task.markIdle(.conversion)
    click(task, "a", start)
    let watermark = start - 600_000
    #expect(click(task, "b", watermark) == .accepted)
    #expect(click(task, "c", watermark - 1) == .acceptedLate)
    #expect(click(task, "d", watermark - 86_400_000) == .acceptedLate)
    #expect(click(task, "e", watermark - 86_400_001) == .tooLate)
  }

  @Test func beingIdleNeverMakesAnEventTooLate() {
    let engine = Engine(.everything)
    engine.apply(touch("k-0", start, user: "u"))
    engine.apply(OracleEvent(kind: .conversion, time: start, eventID: "v-0", userID: "w"))
    engine.tasks[0].markIdle(.conversion)
    engine.tasks[0].markIdle(.impression)
    engine.commit()
    for hour in 1...72 {
      engine.apply(touch("k-\(hour)", start + Int64(hour) * 3_600_000, user: "w"))
      engine.commit()
    }
    // Three days on, the silent input delivers what happened right after its last event.
    let late = OracleEvent(
      kind: .conversion, time: start + 60_000, amount: 5_000_000, eventID: "v-1", userID: "u")
    #expect(engine.apply(late) == .acceptedLate)
    engine.commit()
    #expect(engine.attributions["v-1"]?.touches.map(\.eventID) == ["k-0"])
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

  @Test func anInputThatFirstDeliversWhatNobodyRemembersIsTooLate() {
    let engine = Engine(.everything)
    engine.tasks[0].markIdle(.conversion)
    engine.tasks[0].markIdle(.impression)
    for hour in 0..<72 {
      engine.apply(touch("k-\(hour)", start + Int64(hour) * 3_600_000, user: "u"))
      engine.commit()
    }
    let last = start + 71 * 3_600_000
    func conversion(_ id: String, _ time: Milliseconds) -> Outcome {
      engine.apply(OracleEvent(kind: .conversion, time: time, eventID: id, userID: "u"))
    }
    #expect(conversion("v-1", last - 30 * 3_600_000) == .tooLate)
    #expect(conversion("v-2", last - 20 * 3_600_000) == .acceptedLate)
    engine.commit()
    #expect(engine.attributions["v-2"]?.touches.count == 1)
  }

  @Test func aRetryWithAnotherEventTimeIsStillADuplicate() {
    let task = makeTask()
    #expect(click(task, "a", start) == .accepted)
    #expect(click(task, "a", start + 7_200_000) == .duplicate)
    #expect(conversion(task, "a", start) == .accepted, "another kind is another event")
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
    #expect(full.identityCount > 4_000 && full.userCount > 1_000 && full.placementCount > 10)
    for kind in [EventKind.impression, .click, .conversion] {
      engine.apply(
        OracleEvent(
          kind: kind, time: start + 10 * 86_400_000, eventID: "z", userID: "z", campaignID: "z"))
    }
    engine.commit()
    #expect(task.size.identityCount == 3)
    #expect(task.size.userCount == 1)
    #expect(task.size.placementCount == 2, "the last touch's and the unattributed one")
    #expect(task.size.journeyBytes < full.journeyBytes)
  }

  // MARK: Helpers

  private func makeTask() -> AttributionTask {
    AttributionTask(
      definitions: Definitions(), kinds: [.impression, .click, .conversion],
      secret: .test)
  }

  private func touch(_ id: String, _ time: Milliseconds, user: String) -> OracleEvent {
    OracleEvent(
      kind: .click, time: time, eventID: id, userID: user, campaignID: "c-\(id.count % 20)",
      channel: "email", adID: "a-\(time % 9)")
  }

  @discardableResult
  private func click(_ task: AttributionTask, _ id: String, _ time: Milliseconds) -> Outcome {
    touch(id, time, user: "u").lend { task.apply($0) }
  }

  @discardableResult
  private func conversion(_ task: AttributionTask, _ id: String, _ time: Milliseconds) -> Outcome {
    OracleEvent(kind: .conversion, time: time, eventID: id, userID: "u").lend { task.apply($0) }
  }
}
