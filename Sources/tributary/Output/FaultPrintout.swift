import Attribution
import Codec
import Files

/// Records of files that cannot be used, by reason and field with an example of each.
struct FaultPrintout {
  private let faults: [(kind: EventKind, counts: FaultCounts)]

  init(_ faults: [EventKind: FaultCounts]) {
    self.faults = EventKind.allCases.compactMap { kind in faults[kind].map { (kind, $0) } }
  }

  /// For people.
  var lines: [String] {
    faults.flatMap { kind, counts in
      ["\(counts.total) \(kind.inputName) cannot be used:"]
        + counts.sorted.map { group, count in
          "  \(count.count) \(group.name), such as \(TerminalText.printable(count.example.line))"
        }
    }
  }

  /// The members of an object with a list for each kind.
  var json: String {
    faults.map { kind, counts in
      let groups = counts.sorted.map { FaultPrintout.json($0.group, $0.count) }
      return "\"\(kind.inputName)\":[\(groups.joined(separator: ","))]"
    }.joined(separator: ",")
  }

  private static func json(_ group: FaultGroup, _ count: FaultCounts.Count) -> String {
    var writer = JSONWriter()
    writer.object { writer in
      writer.field("reason", group.reason)
      writer.field("field", group.field)
      writer.field("count", Int64(count.count))
      writer.key("example")
      writer.object { writer in
        writer.field("place", count.example.place)
        writer.field("problem", count.example.problem)
        writer.field("advice", count.example.advice)
      }
    }
    return writer.text
  }
}
