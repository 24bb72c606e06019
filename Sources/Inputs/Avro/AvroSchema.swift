/// An Avro schema (specification 1.11), as far as reading by the writer's schema needs it.
///
/// Types refer to each other by their number, so that schemas may be recursive.
struct AvroSchema: Sendable {
  struct Field: Sendable {
    var name: String
    var aliases: [String]
    var type: Int
  }

  indirect enum Shape: Sendable {
    case null, boolean, int, long, float, double, bytes, string
    case array(Int)
    case map(Int)
    case union([Int])
    case record([Field])
    case enumeration([[UInt8]])
    case fixed(Int)
  }

  /// What a value means beyond its shape.
  enum Meaning: Sendable, Equatable {
    case none
    /// Days since the epoch.
    case date
    /// A time of which a second has 10 to this power.
    case timestamp(digits: Int)
    /// An integer of which this many digits are decimals.
    case decimal(scale: Int)
    case uuid
  }

  struct TypeNode: Sendable {
    var shape: Shape
    var meaning = Meaning.none
  }

  private(set) var types: [TypeNode] = []
  private(set) var root = 0

  /// - Parameters:
  ///   - text: the schema as JSON.
  ///   - referenced: schemas of named types that it uses, what is needed first.
  init(text: String, referenced: [String] = []) throws(InputError) {
    var parser = AvroSchemaParser()
    for other in referenced { _ = try parser.parse(text: other) }
    root = try parser.parse(text: text)
    types = parser.types
  }
}
