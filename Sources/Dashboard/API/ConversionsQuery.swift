import Attribution
import Codec
import Reporting

/// What the query of a request for conversions or paths asks for.
struct ConversionsQuery {
  /// View, time and models.
  let base: APIQuery
  let filters: [DimensionFilter]
  let matcher: TouchMatcher
  /// What the steps of paths are.
  let dimension: Dimension
  let limit: Int

  private static let limits = 1...1_000

  init(
    _ request: [String: String], where conditions: [String], _ board: RollupBoard,
    _ definitions: Definitions
  ) throws {
    let known: Set = ["view", "timezone", "from", "to", "last", "models", "by", "limit", "where"]
    if let unknown = request.keys.filter({ !known.contains($0) }).min() {
      throw APIError("there is no parameter \(unknown)")
    }
    let ofTime = request.filter { !["by", "limit", "where"].contains($0.key) }
    base = try APIQuery(ofTime, where: [], board, definitions)
    filters = try conditions.map { text in
      guard let filter = DimensionFilter(text) else {
        throw APIError("where must be a condition such as campaign_id=c-7")
      }
      return filter
    }
    let names = HeldConversion.dimensions.map(\.rawValue).joined(separator: ", ")
    guard let matcher = TouchMatcher(filters) else {
      throw APIError("conversions can be narrowed by \(names) only")
    }
    self.matcher = matcher
    let dimension = Dimension(named: request["by"] ?? Dimension.channel.rawValue)
    guard HeldConversion.dimensions.contains(dimension) else {
      throw APIError("by must be one of \(names)")
    }
    self.dimension = dimension
    guard let limit = Int(request["limit"] ?? "50"), Self.limits.contains(limit) else {
      throw APIError("limit must be from \(Self.limits.lowerBound) to \(Self.limits.upperBound)")
    }
    self.limit = limit
  }

  /// Those of the time and with the touches that were asked for.
  ///
  /// - Parameter check: called now and then; what it throws ends the work.
  func conversions(
    of index: ConversionIndex, check: () throws -> Void
  ) throws -> [HeldConversion] {
    var found: [HeldConversion] = []
    for (position, conversion) in index.conversions.enumerated() {
      if position & 1_023 == 0 { try check() }
      if base.range.contains(conversion.time), matcher.accepts(conversion) {
        found.append(conversion)
      }
    }
    return found
  }
}
