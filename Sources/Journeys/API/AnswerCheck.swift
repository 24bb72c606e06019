/// Compares what the API answered with what was asked, conversion by conversion.
struct AnswerCheck {
  /// Ihc of a conversion may differ from 1 by so much.
  static let tolerance = 1e-6

  var accepted: [CreditedJourney] = []
  /// Conversions that were sent and are not answered, by name and why.
  var refused: [Refusal] = []
  /// What the answer holds beyond what was asked.
  var surplus: [String] = []

  struct Refusal: Equatable {
    var conversionID: String
    var reason: String
  }

  init(_ answer: APIAnswer, of journeys: [Journey], hiding key: APIKey) {
    let asked = Set(journeys.map(\.conversionID))
    var failures: [String: String] = [:]
    for failure in answer.failures {
      let reason = ForeignText.line(failure.reason, hiding: key.text)
      if let id = failure.conversionID, asked.contains(id) {
        failures[id] = failures[id].map { "\($0); \(reason)" } ?? reason
      } else {
        let name = failure.conversionID.map { " of conversion \(ForeignText.quoted($0))" } ?? ""
        surplus.append("the API reports a failure\(name), which was not asked for: \(reason)")
      }
    }
    for journey in journeys {
      let id = journey.conversionID
      let problem =
        if let failure = failures[id] {
          "the API left it out: \(failure.isEmpty ? "it gave no reason" : failure)"
        } else if answer.incomplete.contains(id) {
          "the answer has a row without session_id, initializer, holder, closer or ihc"
        } else { Self.problem(answer.credits[id] ?? [], of: journey) }
      if let problem {
        refused.append(Refusal(conversionID: id, reason: problem))
      } else {
        accepted.append(
          CreditedJourney(
            conversionID: id, fingerprint: journey.fingerprint, credits: answer.credits[id]!))
      }
    }
    for id in answer.incomplete.union(answer.credits.keys).sorted() where !asked.contains(id) {
      surplus.append(
        "the answer has conversion \(ForeignText.quoted(id)), which was not asked for")
    }
  }

  private static func problem(_ credits: [SessionCredit], of journey: Journey) -> String? {
    if credits.isEmpty { return "the answer lacks it" }
    let sessions = Set(journey.sessions.map(\.id))
    var seen: Set<String> = []
    for credit in credits {
      let name = ForeignText.quoted(credit.sessionID)
      if !sessions.contains(credit.sessionID) {
        return "the answer has session \(name), which is not of its journey"
      }
      if !seen.insert(credit.sessionID).inserted { return "the answer has session \(name) twice" }
    }
    if let missing = journey.sessions.first(where: { !seen.contains($0.id) }) {
      return "the answer lacks session \(ForeignText.quoted(missing.id))"
    }
    let sum = credits.reduce(0) { $0 + $1.ihc }
    // A hair more, because the sum of decimals is rounded.
    if !((sum - 1).magnitude <= tolerance + 1e-12) { return "its ihc sums to \(sum), not 1" }
    return nil
  }
}
