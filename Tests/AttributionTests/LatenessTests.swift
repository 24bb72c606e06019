import TestKit
import Testing
import Verification

@testable import Attribution

/// What is late, too late and seen before.
@Suite struct LatenessTests: TimedEvents {
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
}
