// Safety: reads only through `JSONScanner`, in memory lent for one call. The pieces are allocated and freed here, and
// indexed below their number, which never exceeds the capacity; the nesting's words likewise.

import Attribution

/// Finds the values of a tree of paths in JSON, in one pass that checks the whole record.
///
/// As in `EventDecoder`, keys that stood before a value of an earlier record are compared with all that stands around them, and
/// scanned only where they differ. Linear in the size of the record, but for lists with selected elements,
/// which are read up to three times. No allocation.
package final class JSONPathScanner {
  private struct Piece {
    var piece: KeyPiece
    /// The node of the object that it stands in, and whether it begins it.
    var scope: Int
    /// The node of the value behind it; -1 where nothing of that is wanted.
    var target: Int
    /// Whether it is shorter than a word.
    var isShort: Bool
  }

  package let values: LocatedValues
  private let nodes: [PathTree.Node]
  /// By node: where its value is put down if nothing beneath it is wanted; -1 for all others.
  private let leafSlots: UnsafeMutablePointer<Int>
  private let pieces: UnsafeMutablePointer<Piece>
  private var pieceCount = 0
  private let nestingWords: UnsafeMutablePointer<UInt64>
  private let name: UnsafeMutablePointer<UInt8>

  private static let capacity = 64
  private static let nestingWordCount = EventDecoder.maximumRecordSize / UInt64.bitWidth

  /// - Parameter extraSlots: places for values that are found elsewhere, behind those of the tree.
  package init(_ tree: PathTree, extraSlots: Int = 0) {
    values = LocatedValues(count: tree.slotCount + extraSlots)
    nodes = tree.nodes
    leafSlots = .allocate(capacity: tree.nodes.count)
    for (index, node) in tree.nodes.enumerated() {
      leafSlots[index] = node.isLeaf ? node.slot ?? -1 : -1
    }
    pieces = .allocate(capacity: Self.capacity)
    nestingWords = .allocate(capacity: Self.nestingWordCount)
    name = .allocate(capacity: EventDecoder.maximumRecordSize)
  }

  deinit {
    pieces.deallocate()
    leafSlots.deallocate()
    nestingWords.deallocate()
    name.deallocate()
  }

  /// Puts the values of a record down; false where it is not one well-formed JSON object. The record has at most
  /// `EventDecoder.maximumRecordSize` bytes.
  package func locate(_ record: BorrowedBytes) -> Bool {
    values.clear()
    var pass = Pass(
      scanner: JSONScanner(
        record, nesting: JSONNesting(words: nestingWords, wordCount: Self.nestingWordCount)))
    guard object(0, &pass) else { return false }
    pass.scanner.skipWhitespace()
    return pass.scanner.isAtEnd
  }

  private struct Pass {
    var scanner: JSONScanner
    /// Which piece is expected.
    var place = 0
    /// Whether keys are compared and learned: not in lists, whose elements have the same ones again.
    var isOrdered = true
  }

  // MARK: Values

  /// An object with everything in it; false when malformed.
  private func object(_ node: Int, _ pass: inout Pass) -> Bool {
    var isFirst = true
    repeat {
      let scope = node << 1 | (isFirst ? 1 : 0)
      let target: Int
      if pass.isOrdered, let known = step(&pass, scope) {
        target = known
      } else {
        switch nextKey(&pass, node, scope, isFirst: isFirst) {
        case .target(let found): target = found
        case .end: return true
        case .malformed: return false
        }
      }
      if target < 0 {
        let isString = pass.scanner.peek == ASCII.quote
        guard (isString ? pass.scanner.string() : pass.scanner.value()) != nil else {
          return false
        }
      } else {
        guard value(target, &pass) else { return false }
      }
      isFirst = false
    } while !pass.scanner.take(ASCII.closeBrace)
    return true
  }

  /// A value of which something is wanted.
  @inline(__always)
  private func value(_ node: Int, _ pass: inout Pass) -> Bool {
    let slot = leafSlots[node]
    guard slot >= 0 else { return innerValue(node, &pass) }
    let isString = pass.scanner.peek == ASCII.quote
    guard let span = isString ? pass.scanner.string() : pass.scanner.value() else { return false }
    values.slots[slot] = LocatedValue(span)
    return true
  }

  private func innerValue(_ node: Int, _ pass: inout Pass) -> Bool {
    // Of a repeated key the last counts, with all that is beneath it.
    for slot in nodes[node].slotsBeneath { values.slots[slot] = nil }
    let start = pass.scanner.cursor
    let span: JSONSpan
    switch pass.scanner.peek {
    case ASCII.openBrace where !nodes[node].members.isEmpty:
      guard object(node, &pass) else { return false }
      span = JSONSpan(.object, from: start, to: pass.scanner.cursor)
    case ASCII.openBracket:
      guard list(node, &pass) else { return false }
      span = JSONSpan(.array, from: start, to: pass.scanner.cursor)
    default:
      guard let value = pass.scanner.value() else { return false }
      span = value
    }
    if let slot = nodes[node].slot { values.slots[slot] = LocatedValue(span) }
    return true
  }

  private func list(_ node: Int, _ pass: inout Pass) -> Bool {
    let isOrdered = pass.isOrdered
    pass.isOrdered = false
    defer { pass.isOrdered = isOrdered }
    guard pass.scanner.take(ASCII.openBracket) else { return false }
    pass.scanner.skipWhitespace()
    if pass.scanner.take(ASCII.closeBracket) { return true }
    var index = 0
    var found: UInt64 = 0
    repeat {
      pass.scanner.skipWhitespace()
      let start = pass.scanner
      if let element = nodes[node].element(index) {
        guard value(element, &pass) else { return false }
      } else {
        guard pass.scanner.value() != nil else { return false }
      }
      if !nodes[node].selectors.isEmpty, start.peek == ASCII.openBrace {
        select(node, start, &found)
      }
      index += 1
      pass.scanner.skipWhitespace()
    } while pass.scanner.take(ASCII.comma)
    return pass.scanner.take(ASCII.closeBracket)
  }

  /// Looks whether an element, which is well formed, is one of those that are wanted.
  ///
  /// - Parameter found: a bit for each that has been found in this list.
  private func select(_ node: Int, _ start: JSONScanner, _ found: inout UInt64) {
    var bit: UInt64 = 1
    for selector in nodes[node].selectors {
      values.slots[selector.slot] = nil
      var probe = Pass(scanner: start, isOrdered: false)
      _ = object(selector.probe, &probe)
      for one in selector.cases {
        if found & bit == 0, values.has(selector.slot, text: one.value) {
          found |= bit
          var pass = Pass(scanner: start, isOrdered: false)
          _ = value(one.node, &pass)
        }
        bit = bit << 1 | bit >> 63
      }
    }
  }

  // MARK: Keys

  private enum Key {
    case target(Int)
    case end
    case malformed
  }

  /// Steps over a known piece and returns the node behind it; nil, with the cursor where it was, if what is there is not
  /// known.
  @inline(__always)
  private func step(_ pass: inout Pass, _ scope: Int) -> Int? {
    let text = UnsafeRawPointer(pass.scanner.cursor)
    let room = pass.scanner.end - pass.scanner.cursor
    for index in pass.place..<max(pass.place, pieceCount) {
      let known = pieces + index
      guard known.pointee.scope == scope else { continue }
      let piece = UnsafeRawPointer(known).assumingMemoryBound(to: KeyPiece.self)
      guard
        known.pointee.isShort
          ? room >= 8 && KeyPiece.isSameShort(piece, text)
          : piece.pointee.count <= room && KeyPiece.isSame(piece, text)
      else { continue }
      pass.scanner.cursor += known.pointee.piece.count
      pass.scanner.skipWhitespace()
      pass.place = index + 1
      return known.pointee.target
    }
    return nil
  }

  /// Scans what stands before a value, or at the end of the object, and learns it.
  @inline(never)
  private func nextKey(
    _ pass: inout Pass, _ node: Int, _ scope: Int, isFirst: Bool
  ) -> Key {
    let start = pass.scanner.cursor
    pass.scanner.skipWhitespace()
    if !isFirst && pass.scanner.take(ASCII.closeBrace) { return .end }
    guard pass.scanner.take(isFirst ? ASCII.openBrace : ASCII.comma) else { return .malformed }
    pass.scanner.skipWhitespace()
    if isFirst && pass.scanner.take(ASCII.closeBrace) { return .end }
    guard let key = pass.scanner.key() else { return .malformed }
    let target: Int =
      switch key.kind {
      case .string: nodes[node].member(key.text) ?? -1
      case .escapedString:
        nodes[node].member(
          BorrowedBytes(start: name, count: key.text.unescape(into: name))) ?? -1
      default: -1
      }
    if pass.isOrdered { learn(from: start, &pass, scope, target) }
    return .target(target)
  }

  private func learn(
    from start: UnsafePointer<UInt8>, _ pass: inout Pass, _ scope: Int, _ target: Int
  ) {
    let count = pass.scanner.cursor - start
    let isShort = KeyPiece.shortLengths.contains(count) && pass.scanner.end - start >= 8
    guard isShort || KeyPiece.lengths.contains(count) else { return }
    // Keys without order: begin anew rather than look through all of them each time.
    if pieceCount == Self.capacity { pieceCount = 0 }
    let place = min(pass.place, pieceCount)
    (pieces + place + 1).update(from: pieces + place, count: pieceCount - place)
    let piece = isShort ? KeyPiece(short: start, count: count) : KeyPiece(start, count: count)
    pieces[place] = Piece(piece: piece, scope: scope, target: target, isShort: isShort)
    pieceCount += 1
    pass.place = place + 1
  }
}
