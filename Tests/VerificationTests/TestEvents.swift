import Attribution
import Verification

/// Times in these tests are minutes after the epoch, unless they say otherwise.
func minutes(_ count: Double) -> Milliseconds { Milliseconds(count * 60_000) }

func click(
  _ id: String, at time: Milliseconds, by user: String = "u-1", campaign: String = "c-1",
  channel: String = "email", session: String = "", cost: Micros = 0
) -> OracleEvent {
  OracleEvent(
    kind: .click, time: time, amount: cost, eventID: id, userID: user, campaignID: campaign,
    channel: channel, adID: "a-1", sessionID: session)
}

func impression(
  _ id: String, at time: Milliseconds, by user: String = "u-1", campaign: String = "c-1",
  channel: String = "display", session: String = ""
) -> OracleEvent {
  OracleEvent(
    kind: .impression, time: time, eventID: id, userID: user, campaignID: campaign,
    channel: channel, sessionID: session)
}

func conversion(
  _ id: String, at time: Milliseconds, by user: String = "u-1", value: Micros = 0
) -> OracleEvent {
  OracleEvent(kind: .conversion, time: time, amount: value, eventID: id, userID: user)
}

func oracle(_ events: [OracleEvent], _ change: (inout Definitions) -> Void = { _ in }) -> Oracle {
  var definitions = Definitions()
  definitions.views = [
    View(name: "campaign", dimensions: [.campaignID], periodMilliseconds: 300_000)
  ]
  change(&definitions)
  var oracle = Oracle(definitions: definitions)
  for event in events { oracle.add(event) }
  return oracle
}

/// One model's credits for a conversion at `at` with a click at each of the times.
func credits(
  _ model: Model, clicksAt times: [Milliseconds], channels: [String]? = nil, at: Milliseconds,
  halfLife: Milliseconds = 7 * 86_400_000
) -> [Int64] {
  let clicks = times.enumerated().map { index, time in
    click("k-\(index)", at: time, channel: channels?[index] ?? "email")
  }
  let oracle = oracle(clicks + [conversion("v", at: at, value: 1)]) {
    $0.models = [model]
    $0.halfLife = halfLife
  }
  return oracle.attributions()["v"]?.credits[0] ?? []
}
