/// Reads `.proto` files, proto2, proto3 and editions: messages and enums, and passes over all that says nothing of what is
/// written.
struct ProtoParser {
  private enum Token: Equatable {
    case word(String)
    case text(String)
    case symbol(Character)
  }

  private enum Syntax { case proto2, proto3, edition }

  private var tokens: [Token]
  private var position = 0
  private var syntax = Syntax.proto2
  private var file = ProtoFile()
  private var depth = 0

  static func parse(_ text: String) throws(InputError) -> ProtoFile {
    var parser = ProtoParser(tokens: try tokenize(text))
    try parser.parseFile()
    return parser.file
  }

  private init(tokens: [Token]) { self.tokens = tokens }

  // MARK: Words

  private static func tokenize(_ text: String) throws(InputError) -> [Token] {
    var tokens: [Token] = []
    var rest = Array(text.unicodeScalars)[...]
    func isWord(_ scalar: UnicodeScalar) -> Bool {
      scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
        || "_.+-".unicodeScalars.contains(scalar)
    }
    while let first = rest.first {
      if first.properties.isWhitespace {
        rest.removeFirst()
      } else if rest.starts(with: "//".unicodeScalars) {
        rest = rest.drop { $0 != "\n" }
      } else if rest.starts(with: "/*".unicodeScalars) {
        rest.removeFirst(2)
        while !rest.isEmpty, !rest.starts(with: "*/".unicodeScalars) { rest.removeFirst() }
        rest = rest.dropFirst(2)
      } else if first == "\"" || first == "'" {
        rest.removeFirst()
        var value = String.UnicodeScalarView()
        while let next = rest.popFirst(), next != first {
          if next == "\\", let escaped = rest.popFirst() {
            value.append(escaped)
          } else {
            value.append(next)
          }
        }
        tokens.append(.text(String(value)))
      } else if isWord(first) {
        let word = rest.prefix(while: isWord)
        rest = rest.dropFirst(word.count)
        var view = String.UnicodeScalarView()
        view.append(contentsOf: word)
        tokens.append(.word(String(view)))
      } else if first.isASCII {
        rest.removeFirst()
        tokens.append(.symbol(Character(first)))
      } else {
        throw InputError("the protobuf schema holds a character that no name may have")
      }
    }
    return tokens
  }

  private var next: Token? { position < tokens.count ? tokens[position] : nil }

  private mutating func take(_ symbol: Character) -> Bool {
    guard next == .symbol(symbol) else { return false }
    position += 1
    return true
  }

  private mutating func take(word: String) -> Bool {
    guard next == .word(word) else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ symbol: Character) throws(InputError) {
    guard take(symbol) else { throw fault("\"\(symbol)\"") }
  }

  private mutating func word() throws(InputError) -> String {
    guard case .word(let word) = next else { throw fault("a name") }
    position += 1
    return word
  }

  private mutating func text() throws(InputError) -> String {
    guard case .text(var text) = next else { throw fault("a text in quotes") }
    position += 1
    // Texts behind each other are one.
    while case .text(let more) = next {
      text += more
      position += 1
    }
    return text
  }

  private mutating func number() throws(InputError) -> Int64 {
    let text = try word()
    let digits = text.drop { $0 == "-" || $0 == "+" }
    let magnitude: Int64? =
      digits.lowercased().hasPrefix("0x")
      ? Int64(digits.dropFirst(2), radix: 16)
      : digits.count > 1 && digits.hasPrefix("0")
        ? Int64(digits, radix: 8) : Int64(digits)
    // Swift reads a sign behind `0x`, too.
    guard let magnitude, magnitude >= 0 else { throw fault("a number") }
    return text.hasPrefix("-") ? -magnitude : magnitude
  }

  private func fault(_ expected: String) -> InputError {
    let found: String =
      switch next {
      case .word(let word): "\"\(word.prefix(40))\""
      case .text: "a text"
      case .symbol(let symbol): "\"\(symbol)\""
      case nil: "the end"
      }
    return InputError("the protobuf schema has \(found) where \(expected) should be")
  }

  // MARK: Files

  private mutating func parseFile() throws(InputError) {
    while next != nil {
      if take(";") { continue }
      switch try word() {
      case "syntax":
        try expect("=")
        syntax = try text() == "proto3" ? .proto3 : .proto2
        try expect(";")
      case "edition":
        try expect("=")
        _ = try text()
        syntax = .edition
        try expect(";")
      case "package":
        file.package = try word()
        try expect(";")
      case "import":
        if !take(word: "public") { _ = take(word: "weak") }
        file.imports.append(try text())
        try expect(";")
      case "message": file.messages.append(try message())
      case "enum": file.enumerations.append(try enumeration())
      case "option": passStatement()
      case "service", "extend":
        _ = try word()
        try passBlock()
      case let other: throw InputError("the protobuf schema has \"\(other.prefix(40))\" at its top")
      }
    }
  }

  /// Steps behind the next semicolon, with blocks in between.
  private mutating func passStatement() {
    var open = 0
    while let token = next {
      position += 1
      if token == .symbol("{") { open += 1 }
      if token == .symbol("}") { open -= 1 }
      if token == .symbol(";"), open == 0 { return }
    }
  }

  /// Steps over a block in braces.
  private mutating func passBlock() throws(InputError) {
    try expect("{")
    var open = 1
    while open > 0 {
      guard let token = next else { throw fault("\"}\"") }
      position += 1
      if token == .symbol("{") { open += 1 }
      if token == .symbol("}") { open -= 1 }
    }
  }

  // MARK: Messages

  private mutating func message() throws(InputError) -> ProtoFile.Message {
    var message = ProtoFile.Message(name: try word())
    try body(of: &message)
    return message
  }

  private mutating func body(of message: inout ProtoFile.Message) throws(InputError) {
    depth += 1
    defer { depth -= 1 }
    guard depth < 64 else { throw InputError("the protobuf schema is nested too deeply") }
    try expect("{")
    while !take("}") {
      if take(";") { continue }
      let first = try word()
      switch first {
      // A type may have the name of a statement; then something else than its form follows.
      case "message" where isNameAndBrace: message.nested.append(try self.message())
      case "enum" where isNameAndBrace: message.enumerations.append(try enumeration())
      case "oneof" where isNameAndBrace: try oneof(in: &message)
      case "extend" where isNameAndBrace:
        _ = try word()
        try passBlock()
      case "option", "reserved", "extensions": passStatement()
      case "map" where next == .symbol("<"): try map(in: &message)
      case "repeated": try field(try word(), in: &message, isRepeated: true)
      case "optional", "required": try field(try word(), in: &message, isExplicit: true)
      default: try field(first, in: &message)
      }
    }
  }

  private var isNameAndBrace: Bool {
    guard case .word = next, position + 1 < tokens.count else { return false }
    return tokens[position + 1] == .symbol("{")
  }

  private mutating func oneof(in message: inout ProtoFile.Message) throws(InputError) {
    _ = try word()
    try expect("{")
    while !take("}") {
      if take(";") { continue }
      if take(word: "option") {
        passStatement()
        continue
      }
      try field(try word(), in: &message, isExplicit: true)
    }
  }

  private mutating func field(
    _ type: String, in message: inout ProtoFile.Message, isRepeated: Bool = false,
    isExplicit: Bool = false
  ) throws(InputError) {
    let name = try word()
    try expect("=")
    guard let number = UInt32(exactly: try self.number()), number > 0 else {
      throw fault("a field's number")
    }
    var field = ProtoFile.Field(
      name: name, number: number, type: type, isRepeated: isRepeated,
      hasPresence: !isRepeated && (isExplicit || syntax != .proto3))
    try options(of: &field)
    if type == "group" {
      var group = ProtoFile.Message(name: name)
      try body(of: &group)
      message.nested.append(group)
      field.name = name.lowercased()
      field.type = name
      field.isGroup = true
    } else {
      try expect(";")
    }
    message.fields.append(field)
  }

  private mutating func options(of field: inout ProtoFile.Field) throws(InputError) {
    guard take("[") else { return }
    var open = 1
    while open > 0 {
      guard let token = next else { throw fault("\"]\"") }
      position += 1
      switch token {
      case .symbol("["): open += 1
      case .symbol("]"): open -= 1
      case .word("json_name") where open == 1:
        try expect("=")
        field.jsonName = try text()
      case .word("features.field_presence") where open == 1:
        try expect("=")
        field.hasPresence = try word() != "IMPLICIT"
      default: break
      }
    }
  }

  private mutating func map(in message: inout ProtoFile.Message) throws(InputError) {
    try expect("<")
    let key = try word()
    try expect(",")
    let value = try word()
    try expect(">")
    let name = try word()
    try expect("=")
    guard let number = UInt32(exactly: try self.number()), number > 0 else {
      throw fault("a field's number")
    }
    var field = ProtoFile.Field(name: name, number: number, type: "", isRepeated: true)
    try options(of: &field)
    try expect(";")
    let entry =
      name.split(separator: "_").map { $0.prefix(1).uppercased() + $0.dropFirst() }
      .joined() + "Entry"
    message.nested.append(
      ProtoFile.Message(
        name: entry,
        fields: [
          .init(name: "key", number: 1, type: key), .init(name: "value", number: 2, type: value),
        ], isMapEntry: true))
    field.type = entry
    message.fields.append(field)
  }

  private mutating func enumeration() throws(InputError) -> ProtoFile.Enumeration {
    var enumeration = ProtoFile.Enumeration(name: try word())
    try expect("{")
    while !take("}") {
      if take(";") { continue }
      let name = try word()
      if name == "option" || name == "reserved", next != .symbol("=") {
        passStatement()
        continue
      }
      try expect("=")
      guard let number = Int32(exactly: try self.number()) else { throw fault("a number") }
      enumeration.values.append((name, number))
      if next == .symbol("[") {
        var ignored = ProtoFile.Field(name: "", number: 1, type: "")
        try options(of: &ignored)
      }
      try expect(";")
    }
    return enumeration
  }
}
