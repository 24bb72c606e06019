import Attribution

/// The Avro schemas of published records (contract, section 5).
///
/// They follow from the definitions: a field for each dimension that views may list, and one for each model. Those
/// fields may be null and are so by default, so that a schema with more or fewer of them reads what was written by
/// any other. Everything else is the same under all definitions.
///
/// Amounts and credits are decimals with six digits behind the point, exactly; times are `timestamp-millis`.
public enum PublishedSchema: CaseIterable, Sendable {
  case rollup
  case attribution
  /// How far a partition of the rollups is final.
  case progress

  /// The schema as JSON on one line. The same definitions give the same text.
  public func text(_ definitions: Definitions) -> String {
    switch self {
    case .rollup: rollup(definitions)
    case .attribution: attribution(definitions)
    case .progress: progress
    }
  }

  /// The name of the record type, with its namespace.
  public var recordName: String {
    switch self {
    case .rollup: "tributary.Rollup"
    case .attribution: "tributary.Attribution"
    case .progress: "tributary.Progress"
    }
  }

  private static let time = #"{"type":"long","logicalType":"timestamp-millis"}"#
  private static let amount =
    #"{"type":"bytes","logicalType":"decimal","precision":38,"scale":6}"#

  private func rollup(_ definitions: Definitions) -> String {
    let dimensions = definitions.allDimensions.map { field($0.rawValue, optional(#""string""#)) }
    let models = definitions.models.map { field($0.rawValue, optional(Self.amount)) }
    return root(
      [
        field("view", #""string""#),
        field("dimensions", record("Dimensions", dimensions)),
        field("window_start", Self.time), field("window_end", Self.time),
        field("impressions", #""long""#), field("clicks", #""long""#),
        field("users", #""long""#), field("sessions", #""long""#),
        field("conversions", record("Conversions", models)),
        field("revenue", record("Revenue", models)),
        field("spend", Self.amount), field("currency", #""string""#),
        field("final", #""boolean""#), field("revision", #""long""#),
        field("watermark", optional(Self.time)),
      ])
  }

  private func attribution(_ definitions: Definitions) -> String {
    let touch = record(
      "Touch",
      [
        field("event_id", #""string""#), field("kind", #""string""#),
        field("event_time", Self.time), field("campaign_id", #""string""#),
        field("channel", #""string""#), field("ad_id", #""string""#),
      ])
    let models = definitions.models.map {
      field($0.rawValue, optional(list(Self.amount)))
    }
    return root(
      [
        field("conversion_id", #""string""#), field("user_id", #""string""#),
        field("event_time", Self.time), field("value", Self.amount),
        field("currency", #""string""#), field("touches", list(touch)),
        field("truncated", #""boolean""#, default: "false"),
        field("deleted", #""boolean""#, default: "false"),
        field("credit", record("Credit", models)), field("revenue", record("Revenue", models)),
        field("revision", #""long""#),
      ])
  }

  private var progress: String {
    let range = record(
      "LostRange",
      [
        field("topic", #""string""#), field("partition", #""int""#), field("from", #""long""#),
        field("to", #""long""#), field("after", optional(Self.time)),
        field("before", optional(Self.time)),
      ])
    return root(
      [
        field("final_through", Self.time), field("epoch", optional(#""string""#)),
        field("lost", list(range), default: "[]"),
      ])
  }

  // MARK: Pieces

  private func root(_ fields: [String]) -> String {
    let parts = recordName.split(separator: ".")
    return #"{"type":"record","name":"\#(parts[1])","namespace":"\#(parts[0])","fields":["#
      + fields.joined(separator: ",") + "]}"
  }

  private func record(_ name: String, _ fields: [String]) -> String {
    #"{"type":"record","name":"\#(name)","fields":["# + fields.joined(separator: ",") + "]}"
  }

  /// A type that may be null, and is so where nothing is said.
  private func optional(_ type: String) -> (type: String, default: String) {
    (#"["null",\#(type)]"#, "null")
  }

  private func list(_ items: String) -> String { #"{"type":"array","items":\#(items)}"# }

  private func field(_ name: String, _ optional: (type: String, default: String)) -> String {
    field(name, optional.type, default: optional.default)
  }

  /// Names are such as Avro allows: nothing in them needs escaping.
  private func field(_ name: String, _ type: String, default: String? = nil) -> String {
    #"{"name":"\#(name)","type":\#(type)"# + (`default`.map { #","default":\#($0)"# } ?? "") + "}"
  }
}

/// The numbers that a schema registry has given to the schemas of published records.
public struct PublishedSchemaIDs: Sendable, Equatable {
  public var rollup: Int32
  public var attribution: Int32
  public var progress: Int32

  public init(rollup: Int32, attribution: Int32, progress: Int32) {
    self.rollup = rollup
    self.attribution = attribution
    self.progress = progress
  }
}
