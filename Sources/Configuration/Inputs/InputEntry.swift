import Attribution

/// One entry of `inputs`: what some records of a topic, or some files, hold, and under which names.
public struct InputEntry: Sendable, Equatable {
  public var kind: EventKind
  public var source: Source
  /// How the records are written; nil where the entry does not say: JSON in topics, by their names in files.
  public var format: InputFormat?
  /// Path of an Avro schema (`.avsc`), a `.proto` file or a descriptor set, of the latter two with `#Message` behind it for one that
  /// is not the first; nil to ask the registry.
  public var schema: String?
  /// All must hold for a record to be this entry's.
  public var conditions: [FieldCondition] = []
  /// Where fields are taken from that do not stand under their own names.
  public var fields: [MappedField] = []
  /// Whether records pass through an internal topic that is keyed and partitioned as it should be.
  public var rekey = false
  /// How tables in files are written.
  public var table = TableForm()

  /// Where records come from.
  public enum Source: Sendable, Hashable {
    case topic(String)
    /// A pattern of file names, as in `clicks*.csv`.
    case files(String)
  }

  public init(kind: EventKind, source: Source) {
    self.kind = kind
    self.source = source
  }

  /// The topic; nil for files.
  public var topic: String? {
    if case .topic(let name) = source { return name }
    return nil
  }

  /// The pattern of file names; nil for a topic.
  public var files: String? {
    if case .files(let pattern) = source { return pattern }
    return nil
  }

  /// Whether every record is JSON with the fields of the contract, under their names.
  public var isOwnForm: Bool {
    (format ?? .json) == .json && conditions.isEmpty && fields.isEmpty
  }

  /// The source of a field; nil when it stands under its own name.
  public func source(of field: String) -> FieldSource? {
    fields.first { $0.name == field }?.source
  }
}

/// How records are written.
public enum InputFormat: String, CaseIterable, Sendable {
  /// UTF-8 JSON, with or without the registry's five bytes before it.
  case json
  case avro
  case protobuf
}

/// Where one of our fields is taken from.
public struct MappedField: Sendable, Equatable {
  /// Our name: `event_id`.
  public var name: String
  public var source: FieldSource

  public init(name: String, source: FieldSource) {
    self.name = name
    self.source = source
  }
}

/// A condition of `where`: the text of a scalar is one of some values.
public struct FieldCondition: Sendable, Equatable {
  public var path: FieldPath
  public var values: [String]

  public init(path: FieldPath, values: [String]) {
    self.path = path
    self.values = values
  }
}

/// How a table in a file is written, as far as an entry says so.
public struct TableForm: Sendable, Equatable {
  /// One character.
  public var delimiter: String?
  /// Lines before the header.
  public var skipLines = 0
  /// Texts that stand for an absent value, besides the empty one.
  public var nullValues: [String] = []
  /// `.` or `,`. If it is set, amounts may have separators of thousands and the sign of the currency.
  public var decimal: String?

  public init() {}
}
