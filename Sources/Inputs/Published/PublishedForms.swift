// Safety: bytes are lent for one call and handed on as such.

import Attribution
import Codec
import Configuration
import Synchronization

/// Reads record values of rollups and attributions, whether they are JSON or Avro: a topic may hold both, because
/// `output_format` can change.
///
/// JSON passes as it is. Avro becomes the JSON that would have been written in its place, by its writer's schema,
/// which the schema registry is asked for once. Thread-safe.
public final class PublishedForms: Sendable {
  private let registry: SchemaRegistry?
  private let shapes = Mutex<[Int32: PublishedShape]>([:])

  /// Asks nobody anything.
  public convenience init(_ configuration: Configuration) throws(InputError) {
    self.init(
      registry: try configuration.schemaRegistry.map { address throws(InputError) in
        try SchemaRegistry(address)
      })
  }

  /// - Parameter registry: nil for none: only JSON can be read then.
  public init(registry: SchemaRegistry?) { self.registry = registry }

  /// Lends a record's value as JSON.
  ///
  /// - Throws: `UnreadableRecord` for Avro that cannot be read, `SchemaUnavailable` where the registry does not answer,
  ///   and what `body` throws.
  public func withJSON<Result>(
    _ value: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result {
    guard let frame = RegistryFrame(BorrowedBytes(value)) else { return try body(value) }
    var json: [UInt8] = []
    json.reserveCapacity(4 * value.count)
    try shape(frame.schema).transcribe(frame.rest.buffer, into: &json)
    return try json.withUnsafeBytes { try body($0) }
  }

  /// As the other, for what may be a deletion.
  public func withJSON<Result>(
    orNothing value: UnsafeRawBufferPointer?, _ body: (UnsafeRawBufferPointer?) throws -> Result
  ) throws -> Result {
    guard let value else { return try body(nil) }
    return try withJSON(value) { try body($0) }
  }

  private func shape(_ id: Int32) throws -> PublishedShape {
    if let known = shapes.withLock({ $0[id] }) { return known }
    guard let registry else {
      throw UnreadableRecord(
        "the record is Avro, but there is no schema_registry to ask for its schema")
    }
    guard case .avro(let schema)? = try registry.schema(id), let shape = schema.publishedShape
    else {
      throw UnreadableRecord(
        "the record names schema \(id), which the registry does not know as one of rollups or attributions"
      )
    }
    shapes.withLock { $0[id] = shape }
    return shape
  }
}

extension PublishedForms {
  /// Lends a record with its value as JSON, where that can be read.
  ///
  /// - Throws: `SchemaUnavailable`, and what `body` throws.
  public func withJSON(_ record: InputRecord, _ body: (InputRecord) throws -> Void) throws {
    guard let value = record.value, RegistryFrame(BorrowedBytes(value)) != nil else {
      return try body(record)
    }
    do {
      try withJSON(value) { json in
        var record = record
        record.value = json
        try body(record)
      }
    } catch is UnreadableRecord {
      // As it is: whoever takes it says so.
      try body(record)
    }
  }

  /// The rollup that a record's value holds; see `RollupCodec.decode`.
  public func rollup(_ value: UnsafeRawBufferPointer, _ codec: RollupCodec) throws -> Rollup {
    try withJSON(value) { try codec.decode($0) }
  }

  /// The attribution that a record's value holds; see `AttributionCodec.decode`.
  public func attribution(_ value: UnsafeRawBufferPointer) throws -> PublishedAttribution {
    try withJSON(value) { try AttributionCodec.decode($0) }
  }

  /// What a progress record's value holds; see `ProgressCodec.progress`.
  public func progress(_ value: UnsafeRawBufferPointer) throws -> PublishedProgress {
    try withJSON(value) { try ProgressCodec.progress($0) }
  }
}

extension AvroSchema {
  /// The schema as one of published records; nil where it holds what those do not have.
  var publishedShape: PublishedShape? { publishedShape(root, depth: 0) }

  private func publishedShape(_ type: Int, depth: Int) -> PublishedShape? {
    guard depth < 8 else { return nil }
    let node = types[type]
    switch (node.shape, node.meaning) {
    case (.string, _): return .text
    case (.boolean, _): return .flag
    case (.int, .none), (.long, .none): return .number
    case (.long, .timestamp(digits: 3)): return .time
    case (.bytes, .decimal(scale: 6)): return .amount
    case (.array(let items), _): return publishedShape(items, depth: depth + 1).map { .list($0) }
    case (.union(let branches), _):
      guard branches.count == 2, let null = branches.firstIndex(where: isNull) else { return nil }
      return publishedShape(branches[1 - null], depth: depth + 1).map {
        .optional($0, null: Int64(null))
      }
    case (.record(let fields), _):
      var found: [PublishedShape.Field] = []
      for field in fields {
        guard let shape = publishedShape(field.type, depth: depth + 1) else { return nil }
        found.append(PublishedShape.Field(name: field.name, shape: shape))
      }
      return .record(found)
    default: return nil
    }
  }

  private func isNull(_ type: Int) -> Bool {
    if case .null = types[type].shape { true } else { false }
  }
}
