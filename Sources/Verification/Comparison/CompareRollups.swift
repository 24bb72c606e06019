import Attribution

/// Compares published rollups with what the oracle's events say.
///
/// A bucket in which something counts must be there, be its sums zero; one with only zeros may be there, since
/// something may have counted in it that was taken back. Time-decay numbers may differ by one
/// unit per share credited to the bucket either way (see `TimeDecaySlack`), all others by nothing.
///
/// - Parameters:
///   - published: the last revision of every rollup.
///   - models: the models of `published`, in its order; nil means the oracle's. Others of the oracle's
///     are not compared.
///   - limit: how many discrepancies to list; all are counted.
public func compare(
  rollups published: [RollupKey: RollupSums], with oracle: Oracle, models: [Model]? = nil,
  limit: Int = 20
) -> ComparisonResult {
  let models = models ?? oracle.definitions.models
  let expected = oracle.rollupsWithSlack()
  let nothing = RollupSums(modelCount: oracle.definitions.models.count)
  var result = ComparisonResult(limit: limit)
  let views = oracle.definitions.views
  for key in Set(expected.keys).union(published.keys).sorted(by: isBefore) {
    // A view that was added later need not have older windows; those that it has must be right.
    if published[key] == nil,
      let since = views.first(where: { $0.name == key.view })?.since, key.windowStart < since
    {
      continue
    }
    result.compared += 1
    result.expect(
      published[key] == nil && expected[key]?.isRequired ?? false ? "absent" : "present",
      toBe: "present",
      "the rollup", of: describe(key))
    let wanted = expected[key] ?? Oracle.ExpectedRollup(sums: nothing)
    let found = published[key] ?? RollupSums(modelCount: models.count)
    func count(_ field: KeyPath<RollupSums, Int64>, _ name: String) {
      result.expect(
        found[keyPath: field], toBe: wanted.sums[keyPath: field], name, of: describe(key))
    }
    count(\.impressions, "impressions")
    count(\.clicks, "clicks")
    count(\.users, "users")
    count(\.sessions, "sessions")
    result.expect(
      found.spend, toBe: wanted.sums.spend, "spend (micros)", of: describe(key))

    for (position, model) in models.enumerated() {
      guard let row = oracle.definitions.models.firstIndex(of: model) else {
        result.expect("published", toBe: "unknown", model.rawValue, of: describe(key))
        continue
      }
      // Nor need a model that was added later be credited in older windows.
      if key.windowStart < oracle.definitions.modelStarts[row], found.has(noCreditUnder: position) {
        continue
      }
      let slack = model == .timeDecay ? wanted.slack : TimeDecaySlack()
      result.expect(
        position < found.credits.count ? found.credits[position] : 0,
        toBe: wanted.sums.credits[row], within: slack.credit,
        "conversions by \(model.rawValue) (millionths)", of: describe(key))
      result.expect(
        position < found.revenues.count ? found.revenues[position] : 0,
        toBe: wanted.sums.revenues[row], within: slack.revenue,
        "revenue by \(model.rawValue) (micros)", of: describe(key))
    }
  }
  return result
}

extension RollupSums {
  fileprivate func has(noCreditUnder model: Int) -> Bool {
    model >= credits.count || (credits[model] == 0 && revenues[model] == 0)
  }
}

private func isBefore(_ left: RollupKey, _ right: RollupKey) -> Bool {
  if left.view != right.view { return left.view < right.view }
  if left.windowStart != right.windowStart { return left.windowStart < right.windowStart }
  return left.dimensions.lexicographicallyPrecedes(right.dimensions)
}

private func describe(_ key: RollupKey) -> String {
  let dimensions = key.dimensions.map { $0.debugDescription }.joined(separator: ", ")
  return "\(key.view) [\(dimensions)] \(RollupKeyText.time(key.windowStart))"
}
