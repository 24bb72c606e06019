/// The messages of a protobuf schema, as far as reading them needs it.
struct ProtoSchema: Sendable {
  enum Scalar: String, Sendable {
    case double, float, int64, uint64, int32, fixed64, fixed32, bool, string, bytes, uint32
    case sfixed32, sfixed64, sint32, sint64
  }

  enum Kind: Sendable {
    case scalar(Scalar)
    case message(Int)
    case enumeration(Int)
    /// A message between two tags, as proto2 has it.
    case group(Int)
  }

  struct Field: Sendable {
    var name: String
    var jsonName: String
    var number: UInt32
    var kind: Kind
    var isRepeated = false
    /// Whether one that is not written is absent, rather than its type's zero.
    var hasPresence = false
  }

  struct Message: Sendable {
    var fullName: String
    var fields: [Field] = []
    /// In the order in which the file has them: what a record's message indexes count.
    var nested: [Int] = []
    var isMapEntry = false
  }

  struct Enumeration: Sendable {
    var fullName: String
    /// By number; of several names the first.
    var names: [Int32: [UInt8]] = [:]
  }

  var messages: [Message] = []
  var enumerations: [Enumeration] = []
  /// The messages of the main file, in its order.
  var topLevel: [Int] = []
  /// What records without message indexes hold.
  private(set) var chosen: [Int] = [0]

  /// The message that indexes lead to; nil where they lead nowhere.
  func message(at indexes: [Int]) -> Int? {
    var list = topLevel
    var found: Int?
    for index in indexes {
      guard list.indices.contains(index) else { return nil }
      found = list[index]
      list = messages[list[index]].nested
    }
    return found
  }

  /// Names the message that records without indexes hold.
  mutating func choose(_ name: String) throws(InputError) {
    func search(_ list: [Int], _ path: [Int]) -> [Int]? {
      for (index, message) in list.enumerated() {
        let full = messages[message].fullName
        if full == name || full.hasSuffix("." + name) { return path + [index] }
        if let found = search(messages[message].nested, path + [index]) { return found }
      }
      return nil
    }
    guard let path = search(topLevel, []) else {
      throw InputError("has no message \(name)")
    }
    chosen = path
  }
}

// MARK: - Putting files together

/// A file before its names are resolved.
struct ProtoFile {
  struct Field {
    var name: String
    var jsonName: String?
    var number: UInt32
    /// A scalar's name, or a type's, which may be relative or begin with a dot.
    var type: String
    var isRepeated = false
    var hasPresence = false
    /// Whether the field is a group of its own definition.
    var isGroup = false
  }

  struct Message {
    var name: String
    var fields: [Field] = []
    var nested: [Message] = []
    var enumerations: [Enumeration] = []
    var isMapEntry = false
  }

  struct Enumeration {
    var name: String
    var values: [(name: String, number: Int32)] = []
  }

  var package = ""
  var imports: [String] = []
  var messages: [Message] = []
  var enumerations: [Enumeration] = []
}

extension ProtoSchema {
  /// - Parameter files: the main file first, and all that it imports.
  init(files: [ProtoFile]) throws(InputError) {
    var builder = ProtoSchemaBuilder()
    for (index, file) in files.enumerated() {
      let messages = builder.declare(file)
      if index == 0 { topLevel = messages }
    }
    try builder.resolve()
    messages = builder.messages
    enumerations = builder.enumerations
    guard !topLevel.isEmpty else { throw InputError("the protobuf schema has no message") }
  }

  /// - Parameters:
  ///   - text: a `.proto` file.
  ///   - imported: the text of an import; not asked for Google's own well-known types.
  init(
    text: String, imported: (String) throws(InputError) -> String
  ) throws(InputError) {
    var files = [try ProtoParser.parse(text)]
    var seen: Set<String> = []
    var index = 0
    while index < files.count {
      for name in files[index].imports where seen.insert(name).inserted {
        guard files.count < 1_000 else { throw InputError("imports too many files") }
        if let known = WellKnownTypes.text(of: name) {
          files.append(try ProtoParser.parse(known))
        } else if !WellKnownTypes.isWithoutMessages(name) {
          files.append(try ProtoParser.parse(try imported(name)))
        }
      }
      index += 1
    }
    try self.init(files: files)
  }
}

/// Gives every type a number, then looks the types of the fields up.
private struct ProtoSchemaBuilder {
  var messages: [ProtoSchema.Message] = []
  var enumerations: [ProtoSchema.Enumeration] = []
  private var names: [String: ProtoSchema.Kind] = [:]
  private var pending: [(message: Int, fields: [ProtoFile.Field])] = []

  mutating func declare(_ file: ProtoFile) -> [Int] {
    for enumeration in file.enumerations { declare(enumeration, file.package) }
    return file.messages.map { declare($0, file.package) }
  }

  private func full(_ name: String, _ scope: String) -> String {
    scope.isEmpty ? name : "\(scope).\(name)"
  }

  private mutating func declare(_ message: ProtoFile.Message, _ scope: String) -> Int {
    let index = messages.count
    let name = full(message.name, scope)
    messages.append(.init(fullName: name, isMapEntry: message.isMapEntry))
    names[name] = names[name] ?? .message(index)
    for enumeration in message.enumerations { declare(enumeration, name) }
    let nested = message.nested.map { declare($0, name) }
    messages[index].nested = nested
    pending.append((index, message.fields))
    return index
  }

  private mutating func declare(_ enumeration: ProtoFile.Enumeration, _ scope: String) {
    let name = full(enumeration.name, scope)
    names[name] = names[name] ?? .enumeration(enumerations.count)
    var entry = ProtoSchema.Enumeration(fullName: name)
    for value in enumeration.values where entry.names[value.number] == nil {
      entry.names[value.number] = Array(value.name.utf8)
    }
    enumerations.append(entry)
  }

  mutating func resolve() throws(InputError) {
    for (message, fields) in pending {
      for field in fields {
        var kind: ProtoSchema.Kind
        if let scalar = ProtoSchema.Scalar(rawValue: field.type) {
          kind = .scalar(scalar)
        } else {
          kind = try lookUp(field.type, from: messages[message].fullName)
        }
        if field.isGroup, case .message(let index) = kind { kind = .group(index) }
        var hasPresence = field.hasPresence
        if case .message = kind { hasPresence = true }
        if case .group = kind { hasPresence = true }
        messages[message].fields.append(
          .init(
            name: field.name, jsonName: field.jsonName ?? Self.camelCase(field.name),
            number: field.number, kind: kind, isRepeated: field.isRepeated,
            hasPresence: hasPresence))
      }
    }
  }

  /// From the innermost scope outwards, as protobuf resolves names.
  private func lookUp(_ name: String, from scope: String) throws(InputError) -> ProtoSchema.Kind {
    if name.hasPrefix(".") {
      if let found = names[String(name.dropFirst())] { return found }
    } else {
      var scope = scope
      while true {
        if let found = names[full(name, scope)] { return found }
        guard !scope.isEmpty else { break }
        scope = scope.lastIndex(of: ".").map { String(scope[..<$0]) } ?? ""
      }
    }
    throw InputError("the protobuf schema names \(name), which it does not define")
  }

  static func camelCase(_ name: String) -> String {
    var text = ""
    var isUpper = false
    for character in name {
      if character == "_" {
        isUpper = true
      } else {
        text += isUpper ? character.uppercased() : String(character)
        isUpper = false
      }
    }
    return text
  }
}
