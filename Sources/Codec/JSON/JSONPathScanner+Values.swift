// Safety: reads only through `JSONScanner`, in memory lent for one call (see JSONPathScanner.swift).

import Attribution

/// Values beneath which something is wanted, read without learning: lists, and objects that are wanted themselves.
extension JSONPathScanner {
  func value(_ node: Int, _ scanner: inout JSONScanner) -> Bool {
    guard let slot = shapes[node].leafSlot else { return innerValue(node, &scanner) }
    guard let span = scanner.value() else { return false }
    values[Int(slot)] = LocatedValue(span)
    return true
  }

  @inline(never)
  func innerValue(_ node: Int, _ scanner: inout JSONScanner) -> Bool {
    forget(beneath: node)
    let start = scanner.cursor
    let span: JSONSpan
    switch scanner.peek {
    case ASCII.openBrace where !nodes[node].members.isEmpty:
      guard object(node, &scanner) else { return false }
      span = JSONSpan(.object, from: start, to: scanner.cursor)
    case ASCII.openBracket:
      guard list(node, &scanner) else { return false }
      span = JSONSpan(.array, from: start, to: scanner.cursor)
    default:
      guard let value = scanner.value() else { return false }
      span = value
    }
    if let slot = nodes[node].slot { values[slot] = LocatedValue(span) }
    return true
  }

  private func object(_ node: Int, _ scanner: inout JSONScanner) -> Bool {
    guard scanner.take(ASCII.openBrace) else { return false }
    scanner.skipWhitespace()
    if scanner.take(ASCII.closeBrace) { return true }
    repeat {
      scanner.skipWhitespace()
      guard let key = scanner.key() else { return false }
      if let child = child(of: node, key) {
        guard value(child, &scanner) else { return false }
      } else {
        guard scanner.value() != nil else { return false }
      }
      scanner.skipWhitespace()
    } while scanner.take(ASCII.comma)
    return scanner.take(ASCII.closeBrace)
  }

  /// The node of a member; nil where nothing of it is wanted.
  func child(of node: Int, _ key: JSONSpan) -> Int? {
    switch key.kind {
    case .string: nodes[node].member(key.text)
    case .escapedString:
      nodes[node].member(BorrowedBytes(start: name, count: key.text.unescape(into: name)))
    default: nil
    }
  }

  private func list(_ node: Int, _ scanner: inout JSONScanner) -> Bool {
    guard scanner.take(ASCII.openBracket) else { return false }
    scanner.skipWhitespace()
    if scanner.take(ASCII.closeBracket) { return true }
    var index = 0
    var found: UInt64 = 0
    repeat {
      scanner.skipWhitespace()
      let start = scanner
      if let element = nodes[node].element(index) {
        guard value(element, &scanner) else { return false }
      } else {
        guard scanner.value() != nil else { return false }
      }
      if !nodes[node].selectors.isEmpty, start.peek == ASCII.openBrace {
        select(node, start, &found)
      }
      index += 1
      scanner.skipWhitespace()
    } while scanner.take(ASCII.comma)
    return scanner.take(ASCII.closeBracket)
  }

  /// Looks whether an element, which is well formed, is one of those that are wanted.
  ///
  /// - Parameter found: a bit for each that has been found in this list.
  private func select(_ node: Int, _ start: JSONScanner, _ found: inout UInt64) {
    var bit: UInt64 = 1
    for selector in nodes[node].selectors {
      values[selector.slot] = nil
      var probe = start
      _ = object(selector.probe, &probe)
      for one in selector.cases {
        if found & bit == 0, values.has(selector.slot, text: one.value) {
          found |= bit
          var scanner = start
          _ = value(one.node, &scanner)
        }
        bit = bit << 1 | bit >> 63
      }
    }
  }
}
