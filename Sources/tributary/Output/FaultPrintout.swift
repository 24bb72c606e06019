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

  /// Writes an object with a list for each kind.
  func write(to writer: inout JSONWriter) {
    writer.object { writer in
      for (kind, counts) in faults {
        writer.array(kind.inputName, counts.sorted) { writer, fault in
          FaultPrintout.write(fault.group, fault.count, to: &writer)
        }
      }
    }
  }

  private static func write(
    _ group: FaultGroup, _ count: FaultCounts.Count, to writer: inout JSONWriter
  ) {
    writer.object { writer in
      writer.field("reason", group.reason)
      writer.field("field", group.field)
      writer.field("count", count.count)
      writer.object("example") { writer in
        writer.field("place", count.example.place)
        writer.field("problem", count.example.problem)
        writer.field("advice", count.example.advice)
      }
    }
  }
}
