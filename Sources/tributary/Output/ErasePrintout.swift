import Attribution
import Codec
import History
import Reporting

/// What was found and deleted of a user, for people and as JSON.
struct ErasePrintout {
  private static let kinds: [(kind: EventKind, name: String)] = [
    (.impression, "impressions"), (.click, "clicks"), (.conversion, "conversions"),
  ]

  private let result: Erasure.Result
  private let isDryRun: Bool

  init(_ result: Erasure.Result, isDryRun: Bool) {
    self.result = result
    self.isDryRun = isDryRun
  }

  /// First and last day (UTC) of what waits for a backfill.
  private var days: (first: CalendarDay, last: CalendarDay)? {
    guard let span = result.waitingSpan, let calendar = ZonedCalendar("UTC") else { return nil }
    return (calendar.day(of: span.lowerBound), calendar.day(of: span.upperBound))
  }

  var text: String {
    guard result.total + result.deletedBefore + result.foreign.count > 0 else {
      return "the inputs hold no event of this user"
    }
    let counts = Self.kinds.map { "\(NumberText.count(result.events[$0.kind] ?? 0)) \($0.name)" }
    var lines = [
      "\(isDryRun ? "would delete" : "deleted") \(counts.joined(separator: ", "))"
        + (result.deletedBefore == 0
          ? "" : "; \(NumberText.count(result.deletedBefore)) events had been deleted before")
    ]
    for (topic, count) in result.foreign.sorted(by: { $0.key < $1.key }) {
      lines.append(
        "\(topic) has \(count) that only its producers can delete, because inputs maps it")
    }
    if let days {
      lines.append(
        "\(NumberText.count(result.waiting)) of them are older than the correction horizon; when the processor has read the "
          + "deletions, `tributary backfill --from \(days.first) --to \(days.last)` takes them out")
    }
    return lines.joined(separator: "\n")
  }

  var json: String {
    var writer = JSONWriter()
    writer.object { writer in
      writer.field("dry_run", isDryRun)
      for (kind, name) in Self.kinds { writer.field(name, result.events[kind] ?? 0) }
      writer.field("deleted_before", result.deletedBefore)
      writer.field("waiting_for_backfill", result.waiting)
      writer.field("backfill_from", days.map { "\($0.first)" })
      writer.field("backfill_to", days.map { "\($0.last)" })
      writer.array("foreign", result.foreign.sorted { $0.key < $1.key }) { writer, entry in
        writer.object {
          $0.field("topic", entry.key)
          $0.field("events", entry.value)
        }
      }
    }
    return writer.text
  }
}
