import Attribution

/// Compares published attributions with what the oracle's events say, conversion by conversion.
///
/// Time-decay shares of conversions with two or more touches may differ by one unit either way (see
/// `TimeDecaySlack`); their sums, and everything else, by nothing. A difference in the user is
/// reported without naming either.
///
/// - Parameters:
///   - published: the last revision of every attribution, by conversion id.
///   - models: the models of `published`, in its order; nil means the oracle's.
///   - limit: how many discrepancies to list; all are counted.
public func compare(
  attributions published: [ByteString: OracleAttribution], with oracle: Oracle,
  models: [Model]? = nil,
  limit: Int = 20
) -> ComparisonResult {
  let models = models ?? oracle.definitions.models
  let expected = oracle.attributions()
  var result = ComparisonResult(limit: limit)
  for id in Set(expected.keys).union(published.keys).sorted() {
    result.compared += 1
    let subject = "conversion \(id.text.debugDescription)"
    guard let wanted = expected[id], let found = published[id] else {
      result.expect(
        published[id] == nil ? "absent" : "present",
        toBe: expected[id] == nil ? "absent" : "present",
        "the record", of: subject)
      continue
    }
    result.expect(found.value, toBe: wanted.value, "value (micros)", of: subject)
    result.expect(found.time, toBe: wanted.time, "event time (ms)", of: subject)
    let isSameUser = found.userID.utf8.elementsEqual(wanted.userID.utf8)
    result.expect(isSameUser ? "the same" : "another", toBe: "the same", "user", of: subject)
    result.expect(
      "\(found.isTruncated)", toBe: "\(wanted.isTruncated)", "truncated", of: subject)
    result.expect("\(found.isDeleted)", toBe: "\(wanted.isDeleted)", "deleted", of: subject)
    result.expect(describe(found.touches), toBe: describe(wanted.touches), "touches", of: subject)

    for (position, model) in models.enumerated() {
      guard let row = oracle.definitions.models.firstIndex(of: model) else {
        result.expect("published", toBe: "unknown", model.rawValue, of: subject)
        continue
      }
      let start = oracle.definitions.modelStarts[row]
      if found.lacks(position, addedAt: start) { continue }
      let isInexact = model == .timeDecay && wanted.touches.count > 1
      compareShares(
        position < found.credits.count ? found.credits[position] : [], with: wanted.credits[row],
        within: isInexact ? 1 : 0, "credit by \(model.rawValue) (millionths)", subject, &result)
      compareShares(
        position < found.revenues.count ? found.revenues[position] : [],
        with: wanted.revenues[row],
        within: isInexact ? TimeDecaySlack.revenuePerShare(value: wanted.value) : 0,
        "revenue by \(model.rawValue) (micros)", subject, &result)
    }
  }
  return result
}

/// Shares agree when there are as many, each is near enough, and they have the same sum.
private func compareShares(
  _ found: [Int64], with wanted: [Int64], within slack: Int128, _ field: String, _ subject: String,
  _ result: inout ComparisonResult
) {
  func sum(_ shares: [Int64]) -> Int128 { shares.reduce(0) { $0 + Int128($1) } }
  let agrees =
    found.count == wanted.count && sum(found) == sum(wanted)
    && zip(found, wanted).allSatisfy { (Int128($0) - Int128($1)).magnitude <= slack.magnitude }
  if !agrees { result.expect("\(found)", toBe: "\(wanted)", field, of: subject) }
}

private func describe(_ touches: [OracleTouch]) -> String {
  let lines = touches.map { touch in
    "\(touch.kind) \(touch.eventID.debugDescription) at \(touch.time) ms "
      + "(\(touch.campaignID.debugDescription), \(touch.channel.debugDescription), "
      + "\(touch.adID.debugDescription))"
  }
  return "[" + lines.joined(separator: "; ") + "]"
}
