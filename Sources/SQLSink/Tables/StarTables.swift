import Attribution
import Codec

/// Facts and dimensions for analysts: touches, conversions and costs from the deduped stream, credits from the
/// attributions.
///
/// Keys are the events' own ids and names, so that a restatement changes no key, and two sinks of the same topics
/// make the same tables.
struct StarTables: TableGroup {
  static let name = "star"

  let definitions: Definitions
  let touches: Table
  let conversions: Table
  let costs: Table

  init(_ definitions: Definitions) {
    self.definitions = definitions
    touches = Self.with(definitions.fields(of: .click).names, in: Self.plainTouches)
    conversions = Self.with(definitions.fields(of: .conversion).names, in: Self.plainConversions)
    costs = Self.with(definitions.fields(of: .cost).names, in: Self.plainCosts)
  }

  var source: String { "" }
  var tables: [Table] {
    [
      Self.campaigns, Self.channels, Self.ads, Self.dates, touches, conversions, costs,
      Self.credits,
    ]
  }

  // MARK: Dimensions

  static let campaigns = Table(
    name: "dim_campaign",
    columns: [.init("campaign_id", .text), .init("name", .text, isOptional: true)],
    key: ["campaign_id"], keepsRows: true)
  static let channels = Table(
    name: "dim_channel", columns: [.init("channel", .text), .init("is_direct", .boolean)],
    key: ["channel"])
  static let ads = Table(
    name: "dim_ad", columns: [.init("ad_id", .text), .init("name", .text, isOptional: true)],
    key: ["ad_id"], keepsRows: true)
  static let dates = Table(
    name: "dim_date",
    columns: [
      .init("date", .date), .init("year", .integer), .init("quarter", .integer),
      .init("month", .integer), .init("day", .integer), .init("iso_year", .integer),
      .init("iso_week", .integer), .init("weekday", .integer), .init("is_weekend", .boolean),
    ], key: ["date"], keepsRows: true)

  // MARK: Facts

  private static let places: [Table.Column] = [
    .init("campaign_id", .text), .init("channel", .text), .init("ad_id", .text),
  ]
  private static let placeReferences = [
    (column: "campaign_id", table: "dim_campaign"), (column: "channel", table: "dim_channel"),
    (column: "ad_id", table: "dim_ad"), (column: "date", table: "dim_date"),
  ]

  private static let plainTouches = Table(
    name: "fact_touches",
    columns: [
      .init("kind", .text), .init("event_id", .text), .init("date", .date),
      .init("event_time", .time), .init("user_id", .text), .init("session_id", .text),
    ] + places + [
      .init("cost_micros", .integer), .init("late", .boolean), .init("version", .integer),
    ], key: ["kind", "event_id", "date"], partitioning: .month,
    indexes: [["date", "channel"], ["user_id", "event_time"]], references: placeReferences)

  private static let plainConversions = Table(
    name: "fact_conversions",
    columns: [
      .init("conversion_id", .text), .init("date", .date), .init("event_time", .time),
      .init("user_id", .text), .init("value_micros", .integer), .init("late", .boolean),
      .init("version", .integer),
    ], key: ["conversion_id", "date"], partitioning: .month,
    indexes: [["date"], ["user_id", "event_time"]], references: [("date", "dim_date")])

  private static let plainCosts = Table(
    name: "fact_costs",
    columns: [.init("event_id", .text), .init("date", .date), .init("event_time", .time)] + places
      + [
        .init("amount_micros", .integer), .init("late", .boolean), .init("version", .integer),
      ], key: ["event_id", "date"], partitioning: .month, indexes: [["date", "channel"]],
    references: placeReferences)

  static let credits = Table(
    name: "fact_credits",
    columns: [
      .init("conversion_id", .text), .init("model", .text), .init("position", .integer),
      .init("date", .date), .init("event_time", .time),
      .init("touch_kind", .text, isOptional: true),
      .init("touch_id", .text, isOptional: true), .init("touch_time", .time, isOptional: true),
    ] + places + [.init("credit_micros", .integer), .init("revenue_micros", .integer)],
    key: ["conversion_id", "model", "position", "date"], partitioning: .month,
    indexes: [["date", "model"], ["touch_id"]], references: placeReferences)

  /// The table with a column for each field that the configuration adds.
  private static func with(_ fields: [String], in table: Table) -> Table {
    var table = table
    let taken = Set(table.columns.map { $0.name.lowercased() } + ["removes"])
    for field in fields {
      let name = taken.contains(field.lowercased()) ? "field_\(field)" : field
      table.columns.append(.init(name, .text, initial: "''"))
    }
    return table
  }
}
