import Attribution
import Codec
import Reporting

@testable import SQLSink

extension SinkBatch {
  /// A batch that moves one partition of the deduped stream, if it says how far.
  init(_ events: [PublishedEvent], from: Int64? = nil, through: Int64? = nil) {
    self.init()
    for event in events { add(event) }
    if let through {
      steps = [Step(topic: "accepted", partition: 0, from: from, through: through)]
    }
  }
}

/// A touch of the ad "a" by the user "u" at a minute, and what its record says beside that.
func touch(
  _ id: String, _ kind: EventKind = .impression, ad: String = "a", user: String = "u",
  minute: Int64 = 0, campaign: String = "c", channel: String = "email", cost: Micros = 0,
  version: Int64 = 0, replaces: Int64? = nil, isDeleted: Bool = false, values: [String] = []
) -> PublishedEvent {
  var event = PublishedEvent(kind: kind, eventID: id, time: start + minute * 60_000)
  event.userID = user
  event.adID = ad
  event.campaignID = campaign
  event.channel = channel
  event.amount = cost
  event.version = version
  event.replaces = replaces
  event.isDeleted = isDeleted
  event.values = values
  return event
}

/// 2026-01-31T23:00:00Z: an hour before a month ends.
let start = Time.parse("2026-01-31T23:00:00Z")!
