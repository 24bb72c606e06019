// Safety: reads between `cursor` and `end` of a record lent for one call; every read is preceded by a comparison of their
// distance. Texts that are put down are lent from the record or from the arena.

import Attribution
import Codec

/// Reads the wanted values of one schema's records in Avro's binary encoding.
///
/// Linear in the size of the record, but for lists with selected elements, which are read up to three times. Recursion is as deep as the data, up
/// to a limit.
final class AvroReader {
  private let program: AvroProgram
  private let tree: PathTree
  private let values: LocatedValues

  private var cursor = UnsafePointer<UInt8>(bitPattern: 16).unsafelyUnwrapped
  private var end = UnsafePointer<UInt8>(bitPattern: 16).unsafelyUnwrapped
  /// Elements that may still be read: of those without bytes a record could claim any number.
  private var elementsLeft = 0
  private var depth = 0

  private static let mostElements = 131_072
  private static let deepest = 256

  init(_ schema: AvroSchema, _ tree: PathTree, _ values: LocatedValues) {
    self.tree = tree
    self.values = values
    program = AvroProgram(schema, tree)
  }

  /// Puts the values of a record down; false where its bytes are not of this schema, to the last.
  func locate(_ record: BorrowedBytes) -> Bool {
    values.clear()
    cursor = record.start
    end = record.start + record.count
    elementsLeft = Self.mostElements
    depth = 0
    return read(program.root) && cursor == end
  }

  // MARK: Values

  private func read(_ index: Int) -> Bool {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.deepest else { return false }
    let slot = program.steps[index].slot
    switch program.steps[index].shape {
    case .null:
      put(slot, JSONSpan(.null, .empty))
      return true
    case .boolean: return boolean(slot)
    case .int, .long: return integer(index, slot)
    case .float:
      guard let bits = fixedWidth(UInt32.self) else { return false }
      if slot != nil { put(slot, number(Float(bitPattern: bits))) }
      return true
    case .double:
      guard let bits = fixedWidth(UInt64.self) else { return false }
      if slot != nil { put(slot, number(Double(bitPattern: bits))) }
      return true
    case .bytes, .string:
      guard let length = long(), let bytes = take(length) else { return false }
      putBytes(index, slot, bytes)
      return true
    case .fixed(let size):
      guard let bytes = take(Int64(size)) else { return false }
      putBytes(index, slot, bytes)
      return true
    case .enumeration(let names):
      guard let number = long(), names.indices.contains(Int(clamping: number)) else {
        return false
      }
      // Copied, because an event may be in use for longer than the reader.
      if slot != nil { put(slot, JSONSpan(.string, values.arena.keep(text: names[Int(number)]))) }
      return true
    case .union(let branches):
      guard let branch = long(), branches.indices.contains(Int(clamping: branch)) else {
        return false
      }
      return read(branches[Int(branch)])
    case .record(let fields):
      for field in fields {
        guard read(field) else { return false }
      }
      return true
    case .map(let wanted, let others): return map(wanted, others)
    case .array(let elements, let others, let selectors):
      return array(elements, others, selectors)
    }
  }

  private func boolean(_ slot: Int?) -> Bool {
    guard cursor < end, cursor.pointee <= 1 else { return false }
    if let slot {
      values[slot] = LocatedValue(
        JSONSpan(.boolean, cursor.pointee == 1 ? ValueText.yes : ValueText.no))
    }
    cursor += 1
    return true
  }

  private func integer(_ index: Int, _ slot: Int?) -> Bool {
    guard let value = long() else { return false }
    guard let slot else { return true }
    switch program.steps[index].meaning {
    case .date:
      let (time, isBeyond) = value.multipliedReportingOverflow(by: 86_400_000)
      putTime(slot, isBeyond ? nil : time)
    case .timestamp(let digits): putTime(slot, ValueText.milliseconds(value, digits: digits))
    default: put(slot, JSONSpan(.number, values.arena.keep(decimal: value)))
    }
    return true
  }

  private func map(_ wanted: [(name: [UInt8], step: Int)], _ others: Int) -> Bool {
    while true {
      guard let count = blockLength() else { return false }
      if count == 0 { return true }
      for _ in 0..<count {
        guard let length = long(), let key = take(length) else { return false }
        let step = wanted.first { key.buffer.elementsEqual($0.name) }?.step
        // Of a repeated key the last counts, with all that is beneath it.
        if let node = step.flatMap({ program.steps[$0].node }) { forget(node) }
        guard read(step ?? others) else { return false }
      }
    }
  }

  private func array(
    _ elements: [Int: Int], _ others: Int, _ selectors: [AvroProgram.Selector]
  ) -> Bool {
    var number = 0
    var found: UInt64 = 0
    while true {
      guard let count = blockLength() else { return false }
      if count == 0 { return true }
      for _ in 0..<count {
        let start = cursor
        guard read(elements.isEmpty ? others : elements[number] ?? others) else { return false }
        if !selectors.isEmpty {
          let after = cursor
          guard select(selectors, from: start, &found) else { return false }
          cursor = after
        }
        number += 1
      }
    }
  }

  /// - Parameter found: a bit for each element that has been found in this array.
  private func select(
    _ selectors: [AvroProgram.Selector], from start: UnsafePointer<UInt8>, _ found: inout UInt64
  ) -> Bool {
    var bit: UInt64 = 1
    for selector in selectors {
      values[selector.slot] = nil
      cursor = start
      guard read(selector.probe) else { return false }
      for one in selector.cases {
        if found & bit == 0, values.has(selector.slot, text: one.value) {
          found |= bit
          cursor = start
          guard read(one.step) else { return false }
        }
        bit = bit << 1 | bit >> 63
      }
    }
    return true
  }

  private func forget(_ node: Int) {
    if let slot = tree.nodes[node].slot { values[slot] = nil }
    for slot in tree.nodes[node].slotsBeneath { values[slot] = nil }
  }

  // MARK: Putting down

  @inline(__always)
  private func put(_ slot: Int?, _ span: JSONSpan) {
    if let slot { values[slot] = LocatedValue(span) }
  }

  private func putTime(_ slot: Int, _ time: Milliseconds?) {
    values[slot] =
      time.map {
        LocatedValue(JSONSpan(.number, values.arena.keep(decimal: $0)), isTime: true)
      } ?? LocatedValue(JSONSpan(.brokenString, .empty))
  }

  private func putBytes(_ index: Int, _ slot: Int?, _ bytes: BorrowedBytes) {
    guard let slot else { return }
    switch program.steps[index].meaning {
    case .decimal(let scale):
      put(slot, ValueText.decimal(bytes, scale: scale, values.arena))
    case .uuid: put(slot, ValueText.uuid(bytes, values.arena))
    default: put(slot, bytes.stringSpan)
    }
  }

  private func number(_ value: some BinaryFloatingPoint & LosslessStringConvertible) -> JSONSpan {
    ValueText.number(value, values.arena)
  }

  // MARK: Bytes

  /// A zigzag number of up to ten bytes; nil where it is cut or longer.
  @inline(__always)
  private func long() -> Int64? {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while cursor < end {
      let byte = cursor.pointee
      cursor += 1
      guard shift < 63 || byte <= 1 else { return nil }
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return Int64(bitPattern: value >> 1) ^ -Int64(value & 1) }
      shift += 7
    }
    return nil
  }

  @inline(__always)
  private func take(_ count: Int64) -> BorrowedBytes? {
    guard count >= 0, count <= end - cursor else { return nil }
    defer { cursor += Int(count) }
    return BorrowedBytes(start: cursor, count: Int(count))
  }

  private func fixedWidth<Word: FixedWidthInteger & BitwiseCopyable>(_ type: Word.Type) -> Word? {
    guard let bytes = take(Int64(MemoryLayout<Word>.size)) else { return nil }
    return Word(littleEndian: UnsafeRawPointer(bytes.start).loadUnaligned(as: type))
  }

  /// How many elements follow; nil for a number that no record can hold.
  private func blockLength() -> Int? {
    guard var count = long() else { return nil }
    if count < 0 {
      // The block's size in bytes follows, for readers that pass over it.
      guard count != .min, long() != nil else { return nil }
      count = -count
    }
    guard count <= elementsLeft else { return nil }
    elementsLeft -= Int(count)
    return Int(count)
  }
}
