// Safety: records are read from a buffer that the caller lends for one call.

import Attribution

/// Record values of rollups (contract, section 5).
public struct RollupCodec: Sendable {
  private let definitions: Definitions
  private let dimensionsOfView: [String: [Dimension]]
  private let models: [Model]
  private let currency: String

  /// - Parameter definitions: whose views, models and currency the rollups are in.
  public init(definitions: Definitions) {
    self.definitions = definitions
    dimensionsOfView = Dictionary(
      definitions.views.map { ($0.name, $0.dimensions) }, uniquingKeysWith: { first, _ in first })
    models = definitions.models
    currency = definitions.currency
  }

  /// Appends the record's value, as `RollupWriter` writes it.
  ///
  /// The rollup must be of one of the definitions' views, and its sums of their models.
  ///
  /// - Parameter schema: the number of the Avro schema to write by; nil for JSON.
  public func encode(_ rollup: Rollup, schema: Int32? = nil, into output: inout [UInt8]) {
    guard let view = definitions.views.firstIndex(where: { $0.name == rollup.key.view }) else {
      preconditionFailure("the definitions have no view \(rollup.key.view)")
    }
    let dimensions = definitions.views[view].dimensions
    precondition(dimensions.count == rollup.key.dimensions.count, "one value per dimension")
    precondition(rollup.sums.credits.count == models.count, "one value per model")
    var names: [UInt8] = []
    for (index, value) in rollup.key.dimensions.enumerated() {
      if index > 0 { names.append(ASCII.bar) }
      PercentEncoding.append(value, to: &names)
    }
    var writer = RollupWriter(definitions: definitions, schema: schema)
    names.withUnsafeBytes { names in
      rollup.sums.withRow { sums, wideSums in
        writer.write(
          RollupRevision(
            view: view, windowStart: rollup.key.windowStart, windowEnd: rollup.windowEnd,
            names: BorrowedBytes(names), sums: sums, wideSums: wideSums,
            isFinal: rollup.isFinal, number: rollup.revision, watermark: rollup.watermark))
      }
    }
    output.append(contentsOf: writer.bytes)
  }

  /// The rollup that a record's value holds.
  ///
  /// Unknown fields are ignored; a model that the record lacks reads as 0, one that the definitions
  /// lack is ignored. The dimensions of a view that the definitions do not have come in the
  /// record's order. Throws `UnreadableRecord` when a field is missing or of the wrong type, when
  /// the view has other dimensions by the definitions, and when the currency is another.
  public func decode(_ bytes: UnsafeRawBufferPointer) throws -> Rollup {
    var fields = Fields(modelCount: models.count)
    try JSONReader.read(bytes) { reader in
      try reader.object { reader, name in try read(name, from: &reader, into: &fields) }
    }
    guard try fields.currency.required("currency") == currency else {
      throw UnreadableRecord("the rollup is in another currency than \(currency)")
    }
    return try fields.rollup(dimensionsOfView: dimensionsOfView)
  }

  /// As the other `decode`, for bytes in an array.
  public func decode(_ bytes: [UInt8]) throws -> Rollup { try bytes.withUnsafeBytes(decode) }
}

extension RollupCodec {
  private func read(
    _ name: String, from reader: inout JSONReader, into fields: inout Fields
  ) throws {
    switch name {
    case "view": fields.view = try reader.string()
    case "dimensions":
      fields.dimensions = []
      try reader.object { reader, name in
        fields.dimensions?.append((name, try reader.string()))
      }
    case "window_start": fields.windowStart = try reader.time()
    case "window_end": fields.windowEnd = try reader.time()
    case "impressions": fields.impressions = try reader.integer()
    case "clicks": fields.clicks = try reader.integer()
    case "users": fields.users = try reader.integer()
    case "sessions": fields.sessions = try reader.integer()
    case "conversions": fields.credits = try read(from: &reader) { try $0.decimal() }
    case "revenue": fields.revenues = try read(from: &reader) { try $0.decimalSum() }
    case "spend": fields.spend = try reader.decimalSum()
    case "currency": fields.currency = try reader.string()
    case "final": fields.isFinal = try reader.boolean()
    case "revision": fields.revision = try reader.integer()
    case "watermark": fields.watermark = try reader.optionalTime()
    default: try reader.skip()
    }
  }

  /// A number for each model.
  private func read<Sum: FixedWidthInteger>(
    from reader: inout JSONReader, _ number: (inout JSONReader) throws -> Sum
  ) throws -> [Sum] {
    var read = [Sum](repeating: 0, count: models.count)
    try reader.object { reader, name in
      guard let index = models.firstIndex(where: { $0.rawValue == name }) else {
        return try reader.skip()
      }
      read[index] = try number(&reader)
    }
    return read
  }

  /// A rollup's fields while its record is read.
  private struct Fields {
    let modelCount: Int
    var view: String?
    var dimensions: [(name: String, value: String)]?
    var windowStart: Milliseconds?
    var windowEnd: Milliseconds?
    var impressions: Int64?
    var clicks: Int64?
    var users: Int64?
    var sessions: Int64?
    var credits: [Int64]?
    var revenues: [MicrosSum]?
    var spend: MicrosSum?
    var currency: String?
    var isFinal: Bool?
    var revision: Int64?
    var watermark: Milliseconds?

    init(modelCount: Int) { self.modelCount = modelCount }

    func rollup(dimensionsOfView: [String: [Dimension]]) throws -> Rollup {
      let view = try view.required("view")
      let named = try dimensions.required("dimensions")
      let values: [String]
      if let dimensions = dimensionsOfView[view] {
        values = dimensions.compactMap { dimension in
          named.last { $0.name == dimension.rawValue }?.value
        }
        guard values.count == dimensions.count, named.count == dimensions.count else {
          throw UnreadableRecord("the rollup's dimensions are not those of view \(view)")
        }
      } else {
        values = named.map(\.value)
      }

      var sums = RollupSums(modelCount: modelCount)
      sums.impressions = try impressions.required("impressions")
      sums.clicks = try clicks.required("clicks")
      sums.users = try users.required("users")
      sums.sessions = try sessions.required("sessions")
      sums.spend = try spend.required("spend")
      sums.credits = try credits.required("conversions")
      sums.revenues = try revenues.required("revenue")
      return Rollup(
        key: RollupKey(
          view: view, dimensions: values, windowStart: try windowStart.required("window_start")),
        windowEnd: try windowEnd.required("window_end"),
        sums: sums,
        isFinal: try isFinal.required("final"),
        revision: try revision.required("revision"),
        watermark: watermark)
    }
  }
}
