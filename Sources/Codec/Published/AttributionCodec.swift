import Attribution

/// Record values of attributions (contract, section 5). Their key is the conversion's `event_id`.
public enum AttributionCodec {
  static let impressionName: StaticString = "impression"
  static let clickName: StaticString = "click"

  /// Appends the record's value, as `AttributionWriter` writes it.
  ///
  /// - Parameters:
  ///   - models: those of the definitions, in the order of the conversion's rows.
  ///   - schema: the number of the Avro schema to write by; nil for JSON.
  public static func encode(
    _ conversion: CreditedConversion, models: [Model], currency: String, schema: Int32? = nil,
    into output: inout [UInt8]
  ) {
    var writer = AttributionWriter(models: models, currency: currency, schema: schema)
    writer.write(conversion)
    output.append(contentsOf: writer.bytes)
  }
}

// MARK: - Reading

extension AttributionCodec {
  /// The attribution that a record's value holds; unknown fields are ignored.
  ///
  /// Throws `UnreadableRecord` when a field is missing or of the wrong type, or when an array under
  /// `credit` or `revenue` is not as long as `touches`.
  public static func decode(_ bytes: UnsafeRawBufferPointer) throws -> PublishedAttribution {
    var fields = Fields()
    try JSONReader.read(bytes) { reader in
      try reader.object { reader, name in
        switch name {
        case "conversion_id": fields.conversionID = try reader.string()
        case "user_id": fields.userID = try reader.string()
        case "event_time": fields.time = try reader.time()
        case "value": fields.value = try reader.decimal()
        case "currency": fields.currency = try reader.string()
        case "touches": fields.touches = try readTouches(&reader)
        case "truncated": fields.isTruncated = try reader.boolean()
        case "deleted": fields.isDeleted = try reader.boolean()
        case "credit": fields.credits = try readRows(&reader)
        case "revenue": fields.revenues = try readRows(&reader)
        case "revision": fields.revision = try reader.integer()
        default: try reader.skip()
        }
      }
    }
    return try fields.attribution()
  }

  /// As the other `decode`, for bytes in an array.
  public static func decode(_ bytes: [UInt8]) throws -> PublishedAttribution {
    try bytes.withUnsafeBytes { try decode($0) }
  }

  /// When the conversion of a record's value was; of the rest only the form is looked at.
  ///
  /// Throws `UnreadableRecord`.
  public static func time(of bytes: UnsafeRawBufferPointer) throws -> Milliseconds {
    var time: Milliseconds?
    try JSONReader.read(bytes) { reader in
      try reader.object { reader, name in
        if name == "event_time" { time = try reader.time() } else { try reader.skip() }
      }
    }
    return try time.required("event_time")
  }

  private static func readTouches(
    _ reader: inout JSONReader
  ) throws -> [PublishedAttribution.Touch] {
    var touches: [PublishedAttribution.Touch] = []
    try reader.array { reader in touches.append(try readTouch(&reader)) }
    return touches
  }

  private static func readTouch(
    _ reader: inout JSONReader
  ) throws -> PublishedAttribution.Touch {
    var kind: EventKind?
    var time: Milliseconds?
    var eventID: String?
    var campaignID: String?
    var channel = ""
    var adID = ""
    try reader.object { reader, name in
      switch name {
      case "event_id": eventID = try reader.string()
      case "kind": kind = try touchKind(named: reader.string())
      case "event_time": time = try reader.time()
      case "campaign_id": campaignID = try reader.string()
      case "channel": channel = try reader.string()
      case "ad_id": adID = try reader.string()
      default: try reader.skip()
      }
    }
    return PublishedAttribution.Touch(
      kind: try kind.required("kind"), time: try time.required("event_time"),
      eventID: try eventID.required("event_id"),
      campaignID: try campaignID.required("campaign_id"), channel: channel, adID: adID)
  }

  private static func touchKind(named name: String) throws -> EventKind {
    switch name {
    case impressionName.description: .impression
    case clickName.description: .click
    default: throw UnreadableRecord("the attribution lists a touch of an unknown kind")
    }
  }

  private static func readRows(_ reader: inout JSONReader) throws -> [String: [Int64]] {
    var rows: [String: [Int64]] = [:]
    try reader.object { reader, model in
      var row: [Int64] = []
      try reader.array { reader in row.append(try reader.decimal()) }
      rows[model] = row
    }
    return rows
  }

  /// An attribution's fields while its record is read.
  private struct Fields {
    var conversionID: String?
    var userID: String?
    var time: Milliseconds?
    var value: Micros?
    var currency: String?
    var touches: [PublishedAttribution.Touch]?
    var credits: [String: [Int64]]?
    var revenues: [String: [Micros]]?
    var revision: Int64?
    var isTruncated = false
    var isDeleted = false

    func attribution() throws -> PublishedAttribution {
      let touches = try touches.required("touches")
      let credits = try credits.required("credit")
      let revenues = try revenues.required("revenue")
      guard credits.values.allSatisfy({ $0.count == touches.count }),
        revenues.values.allSatisfy({ $0.count == touches.count })
      else { throw UnreadableRecord("the attribution's shares do not run parallel to its touches") }
      return PublishedAttribution(
        conversionID: try conversionID.required("conversion_id"),
        userID: try userID.required("user_id"),
        time: try time.required("event_time"),
        value: try value.required("value"),
        currency: try currency.required("currency"),
        touches: touches, credits: credits, revenues: revenues,
        revision: try revision.required("revision"), isTruncated: isTruncated,
        isDeleted: isDeleted)
    }
  }
}
