import Attribution

/// What a record of the deduped stream says beside the event's own fields.
public struct AcceptedLabels: Equatable, Sendable {
  public var kind: EventKind
  /// Whether the event, or what it replaces, came behind the watermark.
  public var isLate = false
  /// The version whose place it has taken.
  public var replaces: Int64?

  /// Throws `UnreadableRecord` where it is no such record.
  public init(_ record: UnsafeRawBufferPointer) throws {
    var kind: EventKind?
    var isLate = false
    var replaces: Int64?
    try JSONReader.read(record) { reader in
      try reader.object { reader, name in
        switch name {
        case "kind":
          let name = try reader.string()
          kind = EventKind.allCases.first { "\($0)" == name }
        case "late": isLate = try reader.boolean()
        case "replaces": replaces = try reader.integer()
        default: try reader.skip()
        }
      }
    }
    self.kind = try kind.required("kind")
    self.isLate = isLate
    self.replaces = replaces
  }
}
