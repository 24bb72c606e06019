import Attribution
import Cluster
import Configuration
import Inputs

extension Preflight {
  /// Compares how inputs are read with how they were read by the last commit.
  ///
  /// Records may be read differently from now on: that is a repair, and said once. Not so ids, once events have counted: what
  /// is remembered would not know their copies and versions any more, which would count again.
  ///
  /// - Throws: `OperatorError`.
  func checkMappings(_ records: [TaskID: ProgressRecord]) throws {
    let plans: InputPlans
    do { plans = try InputPlans(configuration) } catch { throw OperatorError("\(error)") }
    var changed: Set<String> = []
    for (_, record) in records.sorted(by: { $0.key < $1.key }) {
      for (index, input) in record.checkpoint.inputs.enumerated() {
        guard let former = input.mapping, let plan = plans.plan(of: input.topic),
          plan.fingerprint != former
        else { continue }
        let sources = plan.isKeyed ? plan.sources.map(\.topic) : [input.topic]
        let hasCounted = record.largest.indices.contains(index) && record.largest[index].isKnown
        if hasCounted, !plan.fingerprint.identifies(as: former) {
          throw OperatorError.otherIdentity(sources.joined(separator: ", "), plan.kinds)
        }
        changed.formUnion(sources)
      }
    }
    for topic in changed.sorted() {
      logger.warning(
        """
        what inputs says of \(topic) has changed since the last commit: it holds for records from now on; what they counted \
        before stays, `tributary backfill` recomputes it, and `tributary verify` judges it by what inputs says now
        """)
    }
  }
}

extension OperatorError {
  fileprivate static func otherIdentity(_ topic: String, _ kinds: [EventKind]) -> OperatorError {
    let user = kinds == [.cost] ? "campaign_id" : "user_id or match_on"
    return OperatorError(
      "inputs takes event_id, \(user) of \(topic) from elsewhere than before, but its events have counted under the "
        + "former: their copies and versions would count again; restore the former mapping, or replay under a new "
        + "application_id with rollups and attributions topics of its own")
  }
}
