import Configuration

/// A writer's schema, parsed: shared by all plans and threads.
enum WriterSchema: Sendable {
  case avro(AvroSchema)
  case protobuf(ProtoSchema)
}

/// Where writers' schemas are found. Thread-safe.
protocol SchemaSource: Sendable {
  /// Whether every record begins with the five bytes that name its schema; otherwise it may, and need not.
  var needsFrame: Bool { get }
  /// The schema of that number; nil where there is none.
  ///
  /// Waits for an answer, within limits.
  ///
  /// - Throws: `SchemaUnavailable` where nobody answers for now.
  func schema(_ id: Int32) throws(SchemaUnavailable) -> WriterSchema?
  /// Why a schema that is there cannot be used; nil for any other.
  func fault(_ id: Int32) -> String?
}

extension SchemaSource {
  func fault(_ id: Int32) -> String? { nil }
}

/// That a schema could not be fetched: it is no word about the record.
public struct SchemaUnavailable: Error, Sendable, CustomStringConvertible {
  public let description: String
  /// Whether asking again cannot help: rights or addresses must be changed.
  public let requiresOperator: Bool

  init(_ description: String, requiresOperator: Bool = false) {
    self.description = description
    self.requiresOperator = requiresOperator
  }
}

/// For formats that have none.
struct NoSchemas: SchemaSource {
  var needsFrame: Bool { false }
  func schema(_ id: Int32) throws(SchemaUnavailable) -> WriterSchema? { nil }
}
