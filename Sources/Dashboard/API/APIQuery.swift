import Attribution
import Codec
import Reporting

/// A request that cannot be answered as it is: what is wrong, for a person.
struct APIError: Error {
  let message: String
  init(_ message: String) { self.message = message }
}

/// What the query of a request asks for, checked against the board.
struct APIQuery {
  let view: View
  let calendar: ZonedCalendar
  /// Whole windows of the view.
  let range: Range<Milliseconds>
  let unit: TimeUnit
  let dimensions: [Dimension]
  /// Indexes among the definitions' models.
  let models: [Int]
  let sort: Measure
  /// Only what has these values.
  let filters: [DimensionFilter]
  /// Rows whose names hold this text, in any case.
  let filter: String
  let limit: Int

  private static let spanLimit = 3_000
  private static let rowLimit = 10_000

  /// - Parameter conditions: the values of `where`, which may be repeated.
  init(
    _ query: [String: String], where conditions: [String], _ board: RollupBoard,
    _ definitions: Definitions
  ) throws {
    let known: Set = [
      "view", "timezone", "from", "to", "last", "unit", "by", "models", "sort", "filter", "limit",
      "where",
    ]
    if let unknown = query.keys.filter({ !known.contains($0) }).min() {
      throw APIError("there is no parameter \(unknown)")
    }
    view = try Self.view(query["view"], definitions)
    let zone = query["timezone"] ?? "UTC"
    guard let calendar = ZonedCalendar(zone) else {
      throw APIError("there is no time zone \(zone)")
    }
    self.calendar = calendar
    range = try Self.range(query, board, view, calendar)
    unit = try Self.choice(query["unit"], "unit", default: .all)
    dimensions = try Self.dimensions(query["by"], view)
    filters = try Self.filters(conditions, view)
    models = try Self.models(query["models"], definitions)
    sort = try Self.choice(query["sort"], "sort", default: .spend)
    filter = (query["filter"] ?? "").lowercased()
    guard let limit = Int(query["limit"] ?? "1000"), (1...Self.rowLimit).contains(limit) else {
      throw APIError("limit must be from 1 to \(Self.rowLimit)")
    }
    self.limit = limit
  }

  /// Where the spans of the answer start.
  func spans() throws -> [Milliseconds] {
    let hour: Milliseconds = 3_600_000
    let length = unit == .window ? view.periodMilliseconds : unit == .hour ? hour : 24 * hour
    guard unit == .all || (range.upperBound - range.lowerBound) / length <= Self.spanLimit else {
      throw APIError("more than \(Self.spanLimit) spans: choose a longer unit or a shorter range")
    }
    do { return try unit.starts(in: range, of: view, calendar) } catch {
      throw APIError("\(error)")
    }
  }

  private static func view(_ name: String?, _ definitions: Definitions) throws -> View {
    guard let name else { return definitions.views[0] }
    guard let view = definitions.views.first(where: { $0.name == name }) else {
      throw APIError("there is no view \(name)")
    }
    return view
  }

  /// The `last` seconds up to the end of the newest window, as far back as there is anything and rounded to whole
  /// windows, or `from` and `to`: instants, or days of the time zone. By default everything.
  ///
  /// A `from` or `to` inside a window is refused, as `report` refuses it: the window's numbers cannot be split.
  private static func range(
    _ query: [String: String], _ board: RollupBoard, _ view: View, _ calendar: ZonedCalendar
  ) throws -> Range<Milliseconds> {
    var range = board.extent(of: view.name) ?? 0..<view.periodMilliseconds
    let end = range.upperBound
    if let last = query["last"] {
      guard let seconds = Int64(last), seconds > 0, seconds < 1 << 40 else {
        throw APIError("last must be a number of seconds")
      }
      range = max(range.lowerBound, view.windowStart(of: end - seconds * 1_000))..<end
    }
    let from = try query["from"].map { try time($0, "from", calendar) } ?? range.lowerBound
    let to = try query["to"].map { try time($0, "to", calendar) } ?? range.upperBound
    guard from < to else { throw APIError("from must be before to") }
    for (name, time) in [("from", from), ("to", to)] where view.windowStart(of: time) != time {
      if query[name].flatMap({ CalendarDay($0) }) != nil {
        throw APIError("\(ReportingError.unaligned(view: view.name, calendar.identifier))")
      }
      throw APIError("\(name) must be the start or end of a window of view \(view.name)")
    }
    return from..<to
  }

  private static func time(
    _ text: String, _ name: String, _ calendar: ZonedCalendar
  ) throws -> Milliseconds {
    if let day = CalendarDay(text) { return calendar.start(of: day) }
    if let time = Time.parse(text) { return time }
    throw APIError("\(name) must be a day such as 2026-01-05 or an RFC 3339 time")
  }

  private static func dimensions(_ text: String?, _ view: View) throws -> [Dimension] {
    guard let text else { return view.dimensions }
    if text == "none" { return [] }
    return try text.split(separator: ",").map { name in
      let dimension = Dimension(rawValue: String(name))
      guard view.dimensions.contains(dimension) else {
        throw APIError("view \(view.name) is not by \(name)")
      }
      return dimension
    }
  }

  private static func filters(_ texts: [String], _ view: View) throws -> [DimensionFilter] {
    try texts.map { text in
      guard let filter = DimensionFilter(text) else {
        throw APIError("where must be a condition such as goal=purchase")
      }
      guard view.dimensions.contains(filter.dimension) else {
        throw APIError("view \(view.name) is not by \(filter.dimension.rawValue)")
      }
      return filter
    }
  }

  private static func models(_ text: String?, _ definitions: Definitions) throws -> [Int] {
    guard let text, !text.isEmpty else { return Array(definitions.models.indices) }
    return try text.split(separator: ",").map { name in
      guard let index = definitions.models.firstIndex(where: { $0.rawValue == name }) else {
        throw APIError("there is no model \(name)")
      }
      return index
    }
  }

  private static func choice<Choice: RawRepresentable & CaseIterable>(
    _ text: String?, _ name: String, default: Choice
  ) throws -> Choice where Choice.RawValue == String {
    guard let text else { return `default` }
    guard let choice = Choice(rawValue: text) else {
      throw APIError(
        "\(name) must be one of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return choice
  }
}
