// Safety: reads only through `JSONScanner`, in memory lent for one call. The blocks are allocated and freed here; nodes
// are indexed by numbers of the tree that they were made from, the nesting's words below their number.

import Attribution

/// Finds the values of a tree of paths in JSON, in one pass that checks the whole record.
///
/// As in `EventDecoder`, bytes that stood between two values of an earlier record are compared with what stands there
/// now, and scanned only where they differ: keys and braces of a producer are read once. Linear in the size of the
/// record, but for lists with selected elements, which are read up to three times. No allocation.
package final class JSONPathScanner {
  /// What is to become of a value: the slot that takes it, or one of these.
  enum Target {
    /// There is none: the record ends, or is malformed.
    static let end = -1
    static let malformed = -2
    /// The first of those of nodes beneath which something is wanted.
    static let firstInner = -3

    static func inner(_ node: Int) -> Int { firstInner - node }
    static func node(_ target: Int) -> Int { firstInner - target }
  }

  /// What is asked of a node without looking into its lists.
  struct Shape {
    /// Where its value is put down if nothing beneath it is wanted.
    var leafSlot: Int32?
    /// The node of the object that it is a member of.
    var parent: Int32
    /// Its bit among the objects that are entered without being wanted themselves; 0 for all others.
    var bit: UInt64
  }

  /// Before the record's own brace.
  private static let outside = -1

  package let values: LocatedValues
  let nodes: [PathTree.Node]
  let shapes: UnsafeMutablePointer<Shape>
  private let pieces = PathPieces()
  private let nestingWords: UnsafeMutablePointer<UInt64>
  let name: UnsafeMutablePointer<UInt8>

  private static let nestingWordCount = EventDecoder.maximumRecordSize / UInt64.bitWidth

  /// - Parameter extraSlots: places for values that are found elsewhere, behind those of the tree.
  package init(_ tree: PathTree, extraSlots: Int = 0) {
    values = LocatedValues(count: tree.slotCount + extraSlots)
    nodes = tree.nodes
    shapes = .allocate(capacity: nodes.count)
    for (index, node) in nodes.enumerated() {
      let isEntered = !node.members.isEmpty && node.slot == nil && index < UInt64.bitWidth
      let shape = Shape(
        leafSlot: node.isLeaf ? node.slot.map { Int32($0) } : nil, parent: 0,
        bit: isEntered ? 1 << UInt64(index) : 0)
      (shapes + index).initialize(to: shape)
    }
    for (index, node) in nodes.enumerated() {
      for member in node.members { shapes[member.node].parent = Int32(index) }
    }
    nestingWords = .allocate(capacity: Self.nestingWordCount)
    name = .allocate(capacity: EventDecoder.maximumRecordSize)
  }

  deinit {
    pieces.deallocate()
    shapes.deallocate()
    nestingWords.deallocate()
    name.deallocate()
  }

  private struct Pass {
    var scanner: JSONScanner
    /// Which piece is expected.
    var place = 0
    /// The node of the object that is open.
    var scope = JSONPathScanner.outside
    /// The nodes of objects that have been entered.
    var entered: UInt64 = 0
  }

  /// Puts the values of a record down; false where it is not one well-formed JSON object. The record has at most
  /// `EventDecoder.maximumRecordSize` bytes.
  package func locate(_ record: BorrowedBytes) -> Bool {
    values.clear()
    let (slots, number) = (values.slots, values.record)
    var pass = Pass(
      scanner: JSONScanner(
        record, nesting: JSONNesting(words: nestingWords, wordCount: Self.nestingWordCount)))
    while true {
      let target: Int
      if let piece = pieces.step(&pass.scanner, &pass.place, scope: pass.scope) {
        target = Int(piece.pointee.target)
        pass.scope = Int(piece.pointee.nextScope)
        if piece.pointee.entered != 0 { enter(piece.pointee.entered, &pass) }
      } else {
        target = nextKey(&pass)
      }
      if target >= 0 {
        // Most values are strings: no call for those.
        let isString = pass.scanner.peek == ASCII.quote
        guard let span = isString ? pass.scanner.string() : pass.scanner.value() else {
          return false
        }
        slots[target] = LocatedValues.Slot(value: LocatedValue(span), record: number)
      } else if target <= Target.firstInner {
        let node = Target.node(target)
        pass.entered |= shapes[node].bit
        guard innerValue(node, &pass.scanner) else { return false }
      } else {
        return target == Target.end && pass.scanner.isAtEnd
      }
      while pass.scanner.take(ASCII.closeBrace) {
        guard pass.scope != 0 else {
          pass.scanner.skipWhitespace()
          return pass.scanner.isAtEnd
        }
        pass.scope = Int(shapes[pass.scope].parent)
      }
    }
  }

  // MARK: Keys

  @inline(__always)
  private func enter(_ bits: UInt64, _ pass: inout Pass) {
    // Of a repeated key the last counts, with all that is beneath it.
    if pass.entered & bits != 0 { forget(pass.entered & bits) }
    pass.entered |= bits
  }

  @inline(never)
  private func forget(_ bits: UInt64) {
    for node in 0..<min(nodes.count, UInt64.bitWidth) where bits >> UInt64(node) & 1 != 0 {
      forget(beneath: node)
    }
  }

  func forget(beneath node: Int) {
    for slot in nodes[node].slotsBeneath { values[slot] = nil }
  }

  /// Scans what stands before a value, or at the end of the record, and learns it; returns the value's target.
  @inline(never)
  private func nextKey(_ pass: inout Pass) -> Int {
    let start = pass.scanner.cursor
    let scope = pass.scope
    var (isFirst, isLearned) = (false, true)
    var (bits, refusesObjects): (UInt64, Bool) = (0, false)
    if scope == Self.outside {
      pass.scanner.skipWhitespace()
      guard pass.scanner.take(ASCII.openBrace) else { return Target.malformed }
      (pass.scope, isFirst) = (0, true)
    }
    var target: Int
    while true {
      pass.scanner.skipWhitespace()
      if pass.scanner.take(ASCII.closeBrace) {
        if pass.scope == 0 {
          pass.scanner.skipWhitespace()
          return Target.end
        }
        pass.scope = Int(shapes[pass.scope].parent)
        isFirst = false
        continue
      }
      if !isFirst {
        guard pass.scanner.take(ASCII.comma) else { return Target.malformed }
        pass.scanner.skipWhitespace()
      }
      guard let key = pass.scanner.key() else { return Target.malformed }
      let child = child(of: pass.scope, key)
      target = child.map { self.target(of: $0) } ?? values.trash
      guard let child, shapes[child].bit != 0 else { break }
      guard pass.scanner.peek == ASCII.openBrace else {
        refusesObjects = true
        break
      }
      let opening = pass.scanner
      pass.scanner.cursor += 1
      pass.scanner.skipWhitespace()
      if pass.scanner.peek == ASCII.closeBrace {
        // With nothing in it, it is a value like others.
        pass.scanner = opening
        isLearned = false
        break
      }
      enter(shapes[child].bit, &pass)
      bits |= shapes[child].bit
      (pass.scope, isFirst) = (child, true)
    }
    if isLearned {
      pieces.learn(
        from: start, pass.scanner, &pass.place, scope: scope, nextScope: pass.scope,
        target: target, entered: bits, refusesObjects: refusesObjects)
    }
    return target
  }

  private func target(of node: Int) -> Int {
    shapes[node].leafSlot.map { Int($0) } ?? Target.inner(node)
  }
}
