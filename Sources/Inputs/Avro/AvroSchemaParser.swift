import Foundation

/// Reads schemas, one behind the other: later ones may use the names of earlier ones.
struct AvroSchemaParser {
  private(set) var types: [AvroSchema.TypeNode] = []
  private var named: [String: Int] = [:]
  private var depth = 0

  private static let primitives: [String: AvroSchema.Shape] = [
    "null": .null, "boolean": .boolean, "int": .int, "long": .long, "float": .float,
    "double": .double, "bytes": .bytes, "string": .string,
  ]

  mutating func parse(text: String) throws(InputError) -> Int {
    guard
      let json = try? JSONSerialization.jsonObject(
        with: Data(text.utf8), options: [.fragmentsAllowed])
    else { throw InputError("the Avro schema is not JSON") }
    return try type(json, namespace: "")
  }

  private mutating func add(_ shape: AvroSchema.Shape, _ meaning: AvroSchema.Meaning = .none) -> Int
  {
    types.append(.init(shape: shape, meaning: meaning))
    return types.count - 1
  }

  private mutating func type(_ json: Any, namespace: String) throws(InputError) -> Int {
    depth += 1
    defer { depth -= 1 }
    guard depth < 200 else { throw InputError("the Avro schema is nested too deeply") }
    if let name = json as? String { return try reference(name, namespace) }
    if let branches = json as? [Any] {
      var union: [Int] = []
      for branch in branches { union.append(try type(branch, namespace: namespace)) }
      guard !union.isEmpty else { throw InputError("the Avro schema has an empty union") }
      return add(.union(union))
    }
    guard let object = json as? [String: Any] else {
      throw InputError("the Avro schema holds something that is no type")
    }
    guard let kind = object["type"] else { throw InputError("an Avro type has no type") }
    guard let name = kind as? String else { return try type(kind, namespace: namespace) }
    switch name {
    case "record", "error": return try record(object, namespace)
    case "enum":
      guard let symbols = object["symbols"] as? [String] else {
        throw InputError("an Avro enum has no symbols")
      }
      let index = add(.enumeration(symbols.map { Array($0.utf8) }))
      _ = try declare(object, namespace, index)
      return index
    case "fixed":
      guard let size = object["size"] as? Int, size >= 0 else {
        throw InputError("an Avro fixed has no size")
      }
      let index = add(.fixed(size), meaning(of: object, .fixed(size)))
      _ = try declare(object, namespace, index)
      return index
    case "array":
      guard let items = object["items"] else { throw InputError("an Avro array has no items") }
      return add(.array(try type(items, namespace: namespace)))
    case "map":
      guard let values = object["values"] else { throw InputError("an Avro map has no values") }
      return add(.map(try type(values, namespace: namespace)))
    default:
      guard let shape = Self.primitives[name] else { return try reference(name, namespace) }
      return add(shape, meaning(of: object, shape))
    }
  }

  private mutating func reference(_ name: String, _ namespace: String) throws(InputError) -> Int {
    if let shape = Self.primitives[name] { return add(shape) }
    let full = name.contains(".") || namespace.isEmpty ? name : "\(namespace).\(name)"
    guard let index = named[full] ?? named[name] else {
      throw InputError("the Avro schema names \(full), which it does not define")
    }
    return index
  }

  /// Enters a named type, under its aliases as well; returns the namespace inside it.
  private mutating func declare(
    _ object: [String: Any], _ namespace: String, _ index: Int
  ) throws(InputError) -> String {
    guard let name = object["name"] as? String, !name.isEmpty else {
      throw InputError("an Avro type has no name")
    }
    var own = object["namespace"] as? String ?? namespace
    var full = name
    if let dot = name.lastIndex(of: ".") {
      own = String(name[..<dot])
    } else if !own.isEmpty {
      full = "\(own).\(name)"
    }
    named[full] = index
    for alias in object["aliases"] as? [String] ?? [] {
      named[alias.contains(".") || own.isEmpty ? alias : "\(own).\(alias)"] = index
    }
    return own
  }

  private mutating func record(
    _ object: [String: Any], _ namespace: String
  ) throws(InputError) -> Int {
    let index = add(.record([]))
    // Before its fields, which may use it.
    let own = try declare(object, namespace, index)
    guard let list = object["fields"] as? [[String: Any]] else {
      throw InputError("an Avro record has no fields")
    }
    var fields: [AvroSchema.Field] = []
    for field in list {
      guard let name = field["name"] as? String, let json = field["type"] else {
        throw InputError("a field of an Avro record has no name or no type")
      }
      // Some writers put the logical type beside the type instead of into it.
      var described = json
      if let plain = json as? String, let logical = field["logicalType"] {
        described = field.merging(["type": plain, "logicalType": logical]) { $1 }
      }
      fields.append(
        AvroSchema.Field(
          name: name, aliases: field["aliases"] as? [String] ?? [],
          type: try type(described, namespace: own)))
    }
    types[index].shape = .record(fields)
    return index
  }

  /// A logical type that does not fit its type means nothing, as the specification says.
  private func meaning(
    of object: [String: Any], _ shape: AvroSchema.Shape
  ) -> AvroSchema.Meaning {
    switch (object["logicalType"] as? String, shape) {
    case ("date", .int): return .date
    case ("timestamp-millis", .long), ("local-timestamp-millis", .long):
      return .timestamp(digits: 3)
    case ("timestamp-micros", .long), ("local-timestamp-micros", .long):
      return .timestamp(digits: 6)
    case ("timestamp-nanos", .long), ("local-timestamp-nanos", .long): return .timestamp(digits: 9)
    case ("decimal", .bytes), ("decimal", .fixed):
      let scale = object["scale"] as? Int ?? 0
      return (0...1_000).contains(scale) ? .decimal(scale: scale) : .none
    case ("uuid", .fixed(16)): return .uuid
    default: return .none
    }
  }
}
