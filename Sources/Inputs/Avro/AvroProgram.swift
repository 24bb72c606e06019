import Attribution
import Codec

/// What is to be read of records of one schema: every type of it together with what of its values is wanted.
///
/// Compiled once per plan and schema. Fields are found by name and alias, so that writers may add, move and rename them.
struct AvroProgram: Sendable {
  /// What to do with a value.
  struct Step: Sendable {
    var shape: Shape
    var meaning = AvroSchema.Meaning.none
    /// Where it is put down; nil for nowhere.
    var slot: Int?
    /// The slots beneath it, to be emptied before a value is read.
    var node: Int?
  }

  enum Shape: Sendable {
    case null, boolean, int, long, float, double, bytes, string
    /// Element steps by number, and one for the others; selectors of the tree's node.
    case array(elements: [Int: Int], others: Int, selectors: [Selector])
    /// Values by key, and one for the others.
    case map(values: [(name: [UInt8], step: Int)], others: Int)
    case union([Int])
    case record([Int])
    case enumeration([[UInt8]])
    case fixed(Int)
  }

  struct Selector: Sendable {
    var slot: Int
    var probe: Int
    var cases: [(value: [UInt8], step: Int)]
  }

  private struct Wanted: Hashable {
    var type: Int
    /// A node of the tree; -1 where nothing is wanted.
    var node: Int
  }

  private(set) var steps: [Step] = []
  private(set) var root = 0
  /// Symbols of enums stay where they are as long as the program does.
  private let schema: AvroSchema
  private let tree: PathTree
  private var known: [Wanted: Int] = [:]

  init(_ schema: AvroSchema, _ tree: PathTree) {
    self.schema = schema
    self.tree = tree
    root = compile(schema.root, 0)
  }

  private mutating func compile(_ type: Int, _ node: Int) -> Int {
    let wanted = Wanted(type: type, node: node)
    if let index = known[wanted] { return index }
    let index = steps.count
    known[wanted] = index
    let source = schema.types[type]
    let place = node < 0 ? nil : tree.nodes[node]
    steps.append(
      Step(shape: .null, meaning: source.meaning, slot: place?.slot, node: node < 0 ? nil : node))
    let shape = compile(source.shape, place, node)
    steps[index].shape = shape
    return index
  }

  private mutating func compile(
    _ shape: AvroSchema.Shape, _ place: PathTree.Node?, _ node: Int
  ) -> Shape {
    switch shape {
    case .null: return .null
    case .boolean: return .boolean
    case .int: return .int
    case .long: return .long
    case .float: return .float
    case .double: return .double
    case .bytes: return .bytes
    case .string: return .string
    case .enumeration(let symbols): return .enumeration(symbols)
    case .fixed(let size): return .fixed(size)
    case .union(let branches): return .union(branches.map { compile($0, node) })
    case .record(let fields):
      return .record(fields.map { field in compile(field.type, member(field, place) ?? -1) })
    case .map(let values):
      let members = place?.members ?? []
      return .map(
        values: members.map { ($0.name, compile(values, $0.node)) }, others: compile(values, -1))
    case .array(let items):
      var elements: [Int: Int] = [:]
      for member in place?.members ?? [] {
        if let number = member.index { elements[number] = compile(items, member.node) }
      }
      let selectors = (place?.selectors ?? []).map { selector in
        Selector(
          slot: selector.slot, probe: compile(items, selector.probe),
          cases: selector.cases.map { ($0.value, compile(items, $0.node)) })
      }
      return .array(elements: elements, others: compile(items, -1), selectors: selectors)
    }
  }

  private func member(_ field: AvroSchema.Field, _ place: PathTree.Node?) -> Int? {
    guard let place else { return nil }
    for name in [field.name] + field.aliases {
      let bytes = Array(name.utf8)
      if let member = place.members.first(where: { $0.name == bytes }) { return member.node }
    }
    return nil
  }
}
