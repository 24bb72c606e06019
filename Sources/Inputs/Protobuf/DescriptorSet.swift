import Attribution

/// Reads a `FileDescriptorSet`, the form in which protoc hands schemas on.
extension ProtoSchema {
  /// - Parameter bytes: what `protoc --include_imports -o FILE` writes: what is needed stands first, the main file last.
  init(descriptorSet bytes: [UInt8]) throws(InputError) {
    var files: [ProtoFile] = []
    let isWellFormed = bytes.withUnsafeBytes { bytes in
      Descriptor.forEach(BorrowedBytes(bytes)) { number, value in
        guard number == 1, case .bytes(let file) = value else { return true }
        guard let read = Descriptor.file(file) else { return false }
        files.append(read)
        return true
      }
    }
    guard isWellFormed, let main = files.popLast() else {
      throw InputError("is neither a .proto file nor a descriptor set of protoc's")
    }
    try self.init(files: [main] + files)
  }
}

/// The fields of descriptor.proto that matter here, by their numbers.
private enum Descriptor {
  static func forEach(
    _ bytes: BorrowedBytes, _ body: (UInt32, WireReader.Value) -> Bool
  ) -> Bool {
    var reader = WireReader(bytes)
    while !reader.isAtEnd {
      guard let (number, value) = reader.field(), body(number, value) else { return false }
    }
    return true
  }

  static func file(_ bytes: BorrowedBytes) -> ProtoFile? {
    var file = ProtoFile()
    var isProto3 = false
    // The syntax stands behind the messages, and decides what they mean.
    let hasSyntax = forEach(bytes) { number, value in
      if number == 12, case .bytes(let text) = value { isProto3 = text.string == "proto3" }
      return true
    }
    let isWellFormed = forEach(bytes) { number, value in
      guard case .bytes(let part) = value else { return true }
      switch number {
      case 2: file.package = part.string
      case 4:
        guard let message = message(part, isProto3: isProto3, depth: 0) else { return false }
        file.messages.append(message)
      case 5:
        guard let enumeration = enumeration(part) else { return false }
        file.enumerations.append(enumeration)
      default: break
      }
      return true
    }
    return hasSyntax && isWellFormed ? file : nil
  }

  private static func message(
    _ bytes: BorrowedBytes, isProto3: Bool, depth: Int
  ) -> ProtoFile.Message? {
    guard depth < 64 else { return nil }
    var message = ProtoFile.Message(name: "")
    let isWellFormed = forEach(bytes) { number, value in
      guard case .bytes(let part) = value else { return true }
      switch number {
      case 1: message.name = part.string
      case 2:
        guard let field = field(part, isProto3: isProto3) else { return false }
        message.fields.append(field)
      case 3:
        guard let nested = self.message(part, isProto3: isProto3, depth: depth + 1) else {
          return false
        }
        message.nested.append(nested)
      case 4:
        guard let enumeration = enumeration(part) else { return false }
        message.enumerations.append(enumeration)
      case 7:
        return forEach(part) { option, value in
          if option == 7, case .number(let flag) = value { message.isMapEntry = flag != 0 }
          return true
        }
      default: break
      }
      return true
    }
    return isWellFormed ? message : nil
  }

  /// `FieldDescriptorProto.Type`, from 1 on.
  private static let types = [
    "double", "float", "int64", "uint64", "int32", "fixed64", "fixed32", "bool", "string", "group",
    "message", "bytes", "uint32", "enum", "sfixed32", "sfixed64", "sint32", "sint64",
  ]

  private static func field(_ bytes: BorrowedBytes, isProto3: Bool) -> ProtoFile.Field? {
    var field = ProtoFile.Field(name: "", number: 0, type: "")
    var typeName = ""
    var type = ""
    var isExplicit = false
    let isWellFormed = forEach(bytes) { number, value in
      switch (number, value) {
      case (1, .bytes(let text)): field.name = text.string
      case (3, .number(let value)): field.number = UInt32(clamping: value)
      case (4, .number(let label)): field.isRepeated = label == 3
      case (5, .number(let value)):
        guard (1...18).contains(value) else { return false }
        type = types[Int(value) - 1]
      case (6, .bytes(let text)): typeName = text.string
      case (9, .number): isExplicit = true
      case (10, .bytes(let text)): field.jsonName = text.string
      case (17, .number(let flag)): isExplicit = isExplicit || flag != 0
      default: break
      }
      return true
    }
    field.type = ["group", "message", "enum"].contains(type) ? typeName : type
    field.isGroup = type == "group"
    field.hasPresence = !field.isRepeated && (isExplicit || !isProto3)
    return isWellFormed && field.number > 0 ? field : nil
  }

  private static func enumeration(_ bytes: BorrowedBytes) -> ProtoFile.Enumeration? {
    var enumeration = ProtoFile.Enumeration(name: "")
    let isWellFormed = forEach(bytes) { number, value in
      guard case .bytes(let part) = value else { return true }
      if number == 1 { enumeration.name = part.string }
      guard number == 2 else { return true }
      var entry = (name: "", number: Int32(0))
      let isEntry = forEach(part) { number, value in
        if number == 1, case .bytes(let text) = value { entry.name = text.string }
        if number == 2, case .number(let value) = value {
          entry.number = Int32(truncatingIfNeeded: value)
        }
        return true
      }
      enumeration.values.append(entry)
      return isEntry
    }
    return isWellFormed ? enumeration : nil
  }
}
