// Safety: bytes are lent for one call; `WireReader` keeps within them. Texts that are put down are lent from the record or from
// the arena.

import Attribution
import Codec

/// Reads the wanted values of one message's records in protobuf's wire format.
///
/// Compiled once per plan and message. Fields are found by their name in the schema, or their JSON name; those that
/// are not written and have no presence are their type's zero, as protobuf defines them. Repeated elements are read once, selected ones up to three
/// times.
final class ProtoReader {
  /// What is wanted of a message.
  private struct Step {
    var fields: [FieldStep] = []
    var scalar: WellKnownTypes.Scalar?
    /// Where the message itself is put down, if it stands for a value.
    var slot: Int?
  }

  private struct FieldStep {
    var number: UInt32
    var kind: ProtoSchema.Kind
    var isRepeated: Bool
    /// Of a field of which there is one: what is wanted of it.
    var single: Target?
    /// Of a list: what is wanted of its elements.
    var elements: [(index: Int, target: Target)] = []
    var selectors: [(slot: Int, probe: Int, cases: [(value: [UInt8], target: Target)])] = []
    /// Of a map: what is wanted of its values, and the kinds of keys and values.
    var entries: [(name: [UInt8], target: Target)] = []
    var entryKinds: (key: ProtoSchema.Kind, value: ProtoSchema.Kind)?
    /// Where its zero goes before the message is read.
    var zeroSlot: Int?
  }

  /// What becomes of a value.
  private struct Target {
    var slot: Int?
    /// The step of a message; -1 for what is none.
    var step = -1
    /// Slots to be emptied where a map has the key again: the last counts.
    var beneath: [Int] = []
  }

  private struct Wanted: Hashable {
    var message: Int
    var node: Int
  }

  private let schema: ProtoSchema
  private let tree: PathTree
  private let values: LocatedValues
  private var steps: [Step] = []
  private var known: [Wanted: Int] = [:]
  private var root = 0
  private var depth = 0

  private static let deepest = 128

  init(_ schema: ProtoSchema, message: Int, _ tree: PathTree, _ values: LocatedValues) {
    self.schema = schema
    self.tree = tree
    self.values = values
    root = compile(message, 0)
  }

  /// Puts the values of a record down; false where its bytes are no message.
  func locate(_ record: BorrowedBytes) -> Bool {
    values.clear()
    depth = 0
    return read(root, record)
  }

  // MARK: Compiling

  private func compile(_ message: Int, _ node: Int) -> Int {
    let wanted = Wanted(message: message, node: node)
    if let index = known[wanted] { return index }
    let index = steps.count
    known[wanted] = index
    steps.append(Step())
    let place = tree.nodes[node]
    var step = Step(
      scalar: WellKnownTypes.scalar(schema.messages[message].fullName), slot: place.slot)
    if place.slot == nil { step.scalar = nil }
    for field in schema.messages[message].fields {
      let member = place.members.first { member in
        member.name.elementsEqual(field.name.utf8) || member.name.elementsEqual(field.jsonName.utf8)
      }
      if let member {
        step.fields.append(compile(field, member.node))
      } else if step.scalar != nil, field.number <= 2 {
        step.fields.append(
          FieldStep(number: field.number, kind: field.kind, isRepeated: false))
      }
    }
    steps[index] = step
    return index
  }

  private func compile(_ field: ProtoSchema.Field, _ node: Int) -> FieldStep {
    var step = FieldStep(number: field.number, kind: field.kind, isRepeated: field.isRepeated)
    let place = tree.nodes[node]
    guard field.isRepeated else {
      let target = target(field.kind, node)
      step.single = target
      if !field.hasPresence { step.zeroSlot = target.slot }
      return step
    }
    if case .message(let message) = field.kind, schema.messages[message].isMapEntry {
      let kinds = [1, 2].map { number in
        schema.messages[message].fields.first { $0.number == number }!.kind
      }
      step.entryKinds = (kinds[0], kinds[1])
      step.entries = place.members.map { ($0.name, target(kinds[1], $0.node)) }
      return step
    }
    for member in place.members {
      if let index = member.index { step.elements.append((index, target(field.kind, member.node))) }
    }
    if case .message(let message) = field.kind {
      step.selectors = place.selectors.map { selector in
        (
          selector.slot, compile(message, selector.probe),
          selector.cases.map { ($0.value, target(field.kind, $0.node)) }
        )
      }
    }
    return step
  }

  private func target(_ kind: ProtoSchema.Kind, _ node: Int) -> Target {
    switch kind {
    case .message(let message), .group(let message):
      return Target(
        slot: tree.nodes[node].slot, step: compile(message, node),
        beneath: tree.nodes[node].slotsBeneath)
    default: return Target(slot: tree.nodes[node].slot)
    }
  }

  /// What a field without presence means that is not written; nil where that is nothing.
  private func zero(_ kind: ProtoSchema.Kind) -> LocatedValue? {
    switch kind {
    case .scalar(.string), .scalar(.bytes), .message, .group: return nil
    case .scalar(.bool): return LocatedValue(JSONSpan(.boolean, ValueText.no))
    case .scalar: return LocatedValue(JSONSpan(.number, ValueText.zero))
    case .enumeration(let index):
      // Copied, because an event may be in use for longer than the reader.
      guard let name = schema.enumerations[index].names[0] else { return nil }
      return LocatedValue(JSONSpan(.string, values.arena.keep(text: name)))
    }
  }

  // MARK: Reading

  private func read(_ index: Int, _ bytes: BorrowedBytes) -> Bool {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.deepest else { return false }
    for field in steps[index].fields {
      if let slot = field.zeroSlot { values[slot] = zero(field.kind) }
    }
    if let scalar = steps[index].scalar { return read(scalar, index, bytes) }
    return withUnsafeTemporaryAllocation(of: Progress.self, capacity: steps[index].fields.count) {
      progress in
      progress.initialize(repeating: Progress())
      var reader = WireReader(bytes)
      while !reader.isAtEnd {
        guard let (number, value) = reader.field() else { return false }
        guard let place = steps[index].fields.firstIndex(where: { $0.number == number }) else {
          continue
        }
        guard take(value, index, place, &progress[place]) else { return false }
      }
      return true
    }
  }

  /// How far a list has been read.
  private struct Progress {
    var count = 0
    /// A bit for each selected element that has been found.
    var found: UInt64 = 0
  }

  private func take(
    _ value: WireReader.Value, _ index: Int, _ place: Int, _ progress: inout Progress
  ) -> Bool {
    let field = steps[index].fields[place]
    if let target = field.single { return put(value, field.kind, target) }
    if let kinds = field.entryKinds { return entry(value, field, kinds) }
    // Numbers of a list may be packed into one value.
    if case .bytes(let bytes) = value, let width = Self.packedWidth(field.kind) {
      return packed(bytes, width, field, &progress)
    }
    return element(value, field, &progress)
  }

  private func element(
    _ value: WireReader.Value, _ field: FieldStep, _ progress: inout Progress
  ) -> Bool {
    for (index, target) in field.elements where index == progress.count {
      guard put(value, field.kind, target) else { return false }
    }
    progress.count += 1
    guard !field.selectors.isEmpty, case .bytes(let bytes) = value else { return true }
    var bit: UInt64 = 1
    for selector in field.selectors {
      values[selector.slot] = nil
      guard read(selector.probe, bytes) else { return false }
      for one in selector.cases {
        if progress.found & bit == 0, values.has(selector.slot, text: one.value) {
          progress.found |= bit
          guard put(value, field.kind, one.target) else { return false }
        }
        bit = bit << 1 | bit >> 63
      }
    }
    return true
  }

  /// Bytes of a number where many stand in one value: 0 for such of any length; nil for what is no number.
  private static func packedWidth(_ kind: ProtoSchema.Kind) -> Int? {
    switch kind {
    case .scalar(.string), .scalar(.bytes), .message, .group: nil
    case .scalar(.double), .scalar(.fixed64), .scalar(.sfixed64): 8
    case .scalar(.float), .scalar(.fixed32), .scalar(.sfixed32): 4
    default: 0
    }
  }

  private func packed(
    _ bytes: BorrowedBytes, _ width: Int, _ field: FieldStep, _ progress: inout Progress
  ) -> Bool {
    var reader = WireReader(bytes)
    while !reader.isAtEnd {
      let value: WireReader.Value?
      switch width {
      case 8: value = reader.word64().map { .word64($0) }
      case 4: value = reader.word32().map { .word32($0) }
      default: value = reader.varint().map { .number($0) }
      }
      guard let value, element(value, field, &progress) else { return false }
    }
    return true
  }

  private func entry(
    _ value: WireReader.Value, _ field: FieldStep,
    _ kinds: (key: ProtoSchema.Kind, value: ProtoSchema.Kind)
  ) -> Bool {
    guard case .bytes(let bytes) = value else { return true }
    var key: WireReader.Value?
    var inner: WireReader.Value?
    var reader = WireReader(bytes)
    while !reader.isAtEnd {
      guard let (number, value) = reader.field() else { return false }
      if number == 1 { key = value }
      if number == 2 { inner = value }
    }
    let before = values.arena.mark
    let span =
      key.map { self.span($0, kinds.key) } ?? zero(kinds.key)?.span ?? JSONSpan(.string, .empty)
    let target = field.entries.first {
      values.arena.hasText(span ?? JSONSpan(.null, .empty), $0.name)
    }
    values.arena.rewind(to: before)
    guard let target else { return true }
    for slot in target.target.beneath { values[slot] = nil }
    if let inner { return put(inner, kinds.value, target.target) }
    if let slot = target.target.slot { values[slot] = zero(kinds.value) }
    return true
  }

  /// - Returns: false where the value is a message that is malformed. One of another wire type than the schema says is passed
  ///   over, as protobuf does.
  private func put(_ value: WireReader.Value, _ kind: ProtoSchema.Kind, _ target: Target) -> Bool {
    if target.step >= 0 {
      switch (kind, value) {
      case (.message, .bytes(let bytes)), (.group, .group(let bytes)):
        return read(target.step, bytes)
      default: return true
      }
    }
    guard let slot = target.slot, let span = span(value, kind) else { return true }
    values[slot] = LocatedValue(span)
    return true
  }

  /// A scalar's text; nil for one of another wire type.
  private func span(_ value: WireReader.Value, _ kind: ProtoSchema.Kind) -> JSONSpan? {
    guard case .scalar(let scalar) = kind else {
      guard case .enumeration(let index) = kind, case .number(let number) = value else {
        return nil
      }
      let code = Int32(truncatingIfNeeded: number)
      guard let name = schema.enumerations[index].names[code] else { return integer(Int64(code)) }
      return JSONSpan(.string, values.arena.keep(text: name))
    }
    switch (scalar, value) {
    case (.int64, .number(let bits)), (.int32, .number(let bits)):
      return integer(Int64(bitPattern: bits))
    case (.uint32, .number(let bits)): return integer(Int64(UInt32(truncatingIfNeeded: bits)))
    case (.uint64, .number(let bits)), (.fixed64, .word64(let bits)): return unsigned(bits)
    case (.sint32, .number(let bits)), (.sint64, .number(let bits)):
      return integer(Int64(bitPattern: bits >> 1) ^ -Int64(bits & 1))
    case (.bool, .number(let bits)):
      return JSONSpan(.boolean, bits == 0 ? ValueText.no : ValueText.yes)
    case (.fixed32, .word32(let bits)): return integer(Int64(bits))
    case (.sfixed32, .word32(let bits)): return integer(Int64(Int32(bitPattern: bits)))
    case (.sfixed64, .word64(let bits)): return integer(Int64(bitPattern: bits))
    case (.float, .word32(let bits)):
      return ValueText.number(Float(bitPattern: bits), values.arena)
    case (.double, .word64(let bits)):
      return ValueText.number(Double(bitPattern: bits), values.arena)
    case (.string, .bytes(let bytes)), (.bytes, .bytes(let bytes)): return bytes.stringSpan
    default: return nil
    }
  }

  private func integer(_ value: Int64) -> JSONSpan {
    JSONSpan(.number, values.arena.keep(decimal: value))
  }

  private func unsigned(_ value: UInt64) -> JSONSpan {
    guard value > UInt64(Int64.max) else { return integer(Int64(value)) }
    var text = String(value)
    return text.withUTF8 { JSONSpan(.number, values.arena.keep(UnsafeRawBufferPointer($0))) }
  }

  // MARK: Google's own types

  private func read(
    _ scalar: WellKnownTypes.Scalar, _ index: Int, _ bytes: BorrowedBytes
  ) -> Bool {
    let step = steps[index]
    guard let slot = step.slot else { return true }
    var numbers: (Int64, Int64) = (0, 0)
    var wrapped: JSONSpan?
    var reader = WireReader(bytes)
    while !reader.isAtEnd {
      guard let (number, value) = reader.field() else { return false }
      let field = step.fields.first { $0.number == number }
      if case .number(let bits) = value {
        if number == 1 { numbers.0 = Int64(bitPattern: bits) }
        if number == 2 { numbers.1 = Int64(bitPattern: bits) }
      }
      if number == 1, let field { wrapped = span(value, field.kind) ?? wrapped }
      if let field, let target = field.single { _ = put(value, field.kind, target) }
    }
    switch scalar {
    case .timestamp:
      let (seconds, isBeyond) = numbers.0.multipliedReportingOverflow(by: 1_000)
      let (time, isPast) = seconds.addingReportingOverflow(
        ValueText.milliseconds(numbers.1, digits: 9) ?? 0)
      values[slot] =
        isBeyond || isPast
        ? LocatedValue(JSONSpan(.brokenString, .empty))
        : LocatedValue(JSONSpan(.number, values.arena.keep(decimal: time)), isTime: true)
    case .wrapper:
      let kind = step.fields.first { $0.number == 1 }?.kind
      values[slot] = wrapped.map { LocatedValue($0) } ?? kind.flatMap { zero($0) }
    }
    return true
  }
}
