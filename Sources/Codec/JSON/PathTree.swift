import Attribution

/// One step down into a value, whatever format it is written in.
package enum PathStep: Hashable, Sendable {
  /// The member of that name; of a list the element with that number, from 0.
  case name(String)
  /// The first element of a list in which the member `name` has the text `value`.
  case element(name: String, value: String)
}

/// The paths that are wanted of a record, as a tree: what is beneath no path is passed over.
///
/// Every path has a *slot*, a number under which its value is put down. Node 0 is the record.
package struct PathTree: Sendable {
  package struct Node: Sendable {
    /// Where a value that is here is put down; nil where only what is beneath it is wanted.
    package var slot: Int?
    package var members: [Member] = []
    package var selectors: [Selector] = []
    /// The slots of everything beneath it.
    package var slotsBeneath: [Int] = []

    package var isLeaf: Bool { members.isEmpty && selectors.isEmpty }

    /// The node of a member; nil where nothing of it is wanted.
    package func member(_ name: BorrowedBytes) -> Int? {
      for member in members where member.name.count == name.count {
        if member.name.elementsEqual(name.buffer) { return member.node }
      }
      return nil
    }

    /// The node of a list's element; nil where nothing of it is wanted.
    package func element(_ index: Int) -> Int? {
      for member in members where member.index == index { return member.node }
      return nil
    }
  }

  package struct Member: Sendable {
    package var name: [UInt8]
    /// The name as the number of an element; nil where it is none.
    package var index: Int?
    package var node: Int
  }

  /// Elements of a list that are told by one of their members.
  package struct Selector: Sendable {
    package var name: String
    /// A node with the one member that decides.
    package var probe: Int
    /// Where that member's value is put down.
    package var slot: Int
    package var cases: [Case]
  }

  package struct Case: Sendable {
    package var value: [UInt8]
    package var node: Int
  }

  package private(set) var nodes = [Node()]
  package private(set) var slotCount = 0

  package init() {}

  /// Makes room for a path; returns its slot, which equal paths share.
  package mutating func insert(_ steps: [PathStep]) -> Int {
    var node = 0
    for step in steps { node = child(of: node, step) }
    let slot = nodes[node].slot ?? newSlot()
    nodes[node].slot = slot
    return slot
  }

  /// To be called once all paths are in.
  package mutating func finish() {
    for node in nodes.indices { nodes[node].slotsBeneath = slots(beneath: node) }
  }

  private mutating func newSlot() -> Int {
    slotCount += 1
    return slotCount - 1
  }

  private mutating func newNode() -> Int {
    nodes.append(Node())
    return nodes.count - 1
  }

  private mutating func child(of node: Int, _ step: PathStep) -> Int {
    switch step {
    case .name(let name):
      let bytes = Array(name.utf8)
      if let member = nodes[node].members.first(where: { $0.name == bytes }) { return member.node }
      let new = newNode()
      let index = Int(name).flatMap { $0 >= 0 && String($0) == name ? $0 : nil }
      nodes[node].members.append(Member(name: bytes, index: index, node: new))
      return new
    case .element(let name, let value):
      let bytes = Array(value.utf8)
      let selector = selector(of: node, name)
      let cases = nodes[node].selectors[selector].cases
      if let found = cases.first(where: { $0.value == bytes }) { return found.node }
      let new = newNode()
      nodes[node].selectors[selector].cases.append(Case(value: bytes, node: new))
      return new
    }
  }

  private mutating func selector(of node: Int, _ name: String) -> Int {
    if let index = nodes[node].selectors.firstIndex(where: { $0.name == name }) { return index }
    let probe = newNode()
    let slot = newSlot()
    let leaf = newNode()
    nodes[leaf].slot = slot
    nodes[probe].members = [Member(name: Array(name.utf8), index: nil, node: leaf)]
    nodes[node].selectors.append(Selector(name: name, probe: probe, slot: slot, cases: []))
    return nodes[node].selectors.count - 1
  }

  private func slots(beneath node: Int) -> [Int] {
    let children =
      nodes[node].members.map(\.node) + nodes[node].selectors.flatMap { $0.cases.map(\.node) }
    return children.flatMap { (nodes[$0].slot.map { [$0] } ?? []) + slots(beneath: $0) }
  }
}
