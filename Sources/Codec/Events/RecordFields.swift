import Attribution

/// One member of a record's object.
package struct RecordField {
  package enum Kind: Sendable {
    case null, boolean, number, string
    /// A string that is no text: it holds half of a surrogate pair.
    case brokenString
    case array, object
  }

  package let name: String
  package let kind: Kind
  /// Escapes of strings are resolved; other values are as they stand.
  package let text: String

  /// Whether the field counts as absent.
  package var isAbsent: Bool { kind == .null || kind == .string && text.isEmpty }

  /// The members of a record in their order, for explaining why it cannot be used; nil when it is no
  /// well-formed object.
  package static func all(in record: UnsafeRawBufferPointer) -> [RecordField]? {
    try? JSONReader.read(record) { reader in
      var fields: [RecordField] = []
      try reader.object { reader, name in
        let span = try reader.span()
        fields.append(
          RecordField(
            name: name, kind: Kind(span.kind),
            text: span.kind == .brokenString ? "" : String(span)))
      }
      return fields
    }
  }
}

extension RecordField.Kind {
  fileprivate init(_ kind: JSONKind) {
    switch kind {
    case .null: self = .null
    case .boolean: self = .boolean
    case .number, .time: self = .number
    case .string, .escapedString: self = .string
    case .brokenString: self = .brokenString
    case .array: self = .array
    case .object: self = .object
    }
  }
}
