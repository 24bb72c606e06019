import TestKit
import Verification

@testable import Attribution

/// A task, and events about its beginning.
protocol TimedEvents {}

extension TimedEvents {
  var start: Milliseconds { 1_767_600_000_000 }

  func makeTask() -> AttributionTask {
    AttributionTask(
      definitions: Definitions(), kinds: [.impression, .click, .conversion],
      secret: .test)
  }

  func touch(_ id: String, _ time: Milliseconds, user: String) -> OracleEvent {
    OracleEvent(
      kind: .click, time: time, eventID: id, userID: user, campaignID: "c-\(id.count % 20)",
      channel: "email", adID: "a-\(time % 9)")
  }

  @discardableResult
  func click(_ task: AttributionTask, _ id: String, _ time: Milliseconds) -> Outcome {
    touch(id, time, user: "u").lend { task.apply($0) }
  }

  @discardableResult
  func conversion(_ task: AttributionTask, _ id: String, _ time: Milliseconds) -> Outcome {
    OracleEvent(kind: .conversion, time: time, eventID: id, userID: "u").lend { task.apply($0) }
  }
}
