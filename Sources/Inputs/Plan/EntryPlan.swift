// Safety: constants are copied into memory of the plan's own, which lives as long as the plan; decoders hold the plan.

import Attribution
import Codec
import Configuration

/// One entry of `inputs`, compiled: which records are its, and where their fields are.
public struct EntryPlan: Sendable {
  /// Where a value is found.
  enum Source: Sendable, Equatable {
    /// In the record's value, under a path of the tree.
    case slot(Int)
    case key
    case timestamp
    case place
    case header(String)
  }

  struct Condition: Sendable {
    var path: FieldPath
    var source: Source
    /// The texts that fit.
    var constants: [Constant]

    var values: [[UInt8]] { constants.map { Array($0.value.span.text.buffer) } }
  }

  struct Field: Sendable {
    var name: String
    var field: EventField
    var paths: [FieldPath]
    var sources: [Source]
    var fallback: Constant?
    var time: TimeReading?

    /// What it is where it is nowhere.
    var fallbackSpan: JSONSpan? {
      guard var span = fallback?.value.span else { return nil }
      // Only a flag is more than a text.
      if span.kind == .boolean, field != .deleted { span.kind = .string }
      return span
    }
  }

  public let kind: EventKind
  let conditions: [Condition]
  let fields: [Field]

  var needsHeaders: Bool {
    let sources = conditions.map(\.source) + fields.flatMap(\.sources)
    return sources.contains {
      if case .header = $0 { true } else { false }
    }
  }

  /// Whether fields or conditions need what re-keying changes of a record: its key and its place.
  var needsOrigin: Bool {
    (conditions.map(\.source) + fields.flatMap(\.sources)).contains { $0 == .key || $0 == .place }
  }

  /// - Parameters:
  ///   - names: of the kind's fields.
  ///   - configured: of those which the configuration adds, in the order of their values.
  init(
    _ entry: InputEntry, _ names: [String], configured: [String], _ tree: inout PathTree
  ) throws(InputError) {
    kind = entry.kind
    var conditions: [Condition] = []
    for condition in entry.conditions {
      conditions.append(
        Condition(
          path: condition.path, source: Self.source(condition.path, &tree),
          constants: condition.values.map { Constant($0) }))
    }
    self.conditions = conditions
    var fields: [Field] = []
    for name in names {
      let field =
        configured.firstIndex(of: name).map(EventField.configured)
        ?? Array(name.utf8).withUnsafeBytes { EventField(name: BorrowedBytes($0)) }
      guard field != .unknown else { continue }
      let source = entry.source(of: name) ?? FieldSource(paths: [.member(name)])
      fields.append(
        Field(
          name: name, field: field, paths: source.paths,
          sources: source.paths.map { Self.source($0, &tree) },
          fallback: source.fallback.map { Constant($0) },
          time: try source.timeForm.map { form throws(InputError) in try TimeReading(form) }))
    }
    self.fields = fields
  }

  private static func source(_ path: FieldPath, _ tree: inout PathTree) -> Source {
    switch path {
    case .value(let steps): .slot(tree.insert(steps.map(PathStep.init)))
    case .key: .key
    case .timestamp: .timestamp
    case .place: .place
    case .header(let name): .header(name)
    }
  }
}

extension PathStep {
  init(_ step: FieldPath.Step) {
    switch step {
    case .name(let name): self = .name(name)
    case .element(let name, let value): self = .element(name: name, value: value)
    }
  }
}

/// A text that stands in for a value, in memory of its own.
final class Constant: @unchecked Sendable {
  private let memory: UnsafeMutablePointer<UInt8>
  private let count: Int
  private let kind: JSONKind

  init(_ text: String) {
    let bytes = Array(text.utf8)
    count = bytes.count
    memory = .allocate(capacity: max(1, count))
    memory.initialize(from: bytes, count: count)
    kind = text == "true" || text == "false" ? .boolean : .string
  }

  deinit { memory.deallocate() }

  var value: LocatedValue {
    LocatedValue(JSONSpan(kind, BorrowedBytes(start: memory, count: count)))
  }
}
