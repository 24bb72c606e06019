import Attribution
import Codec
import History
import Reporting

/// What waits for a backfill, for people and as JSON.
struct LatePrintout {
  private static let kinds: [(kind: EventKind, name: String)] = [
    (.impression, "impressions"), (.click, "clicks"), (.conversion, "conversions"),
    (.cost, "costs"),
  ]

  private let summary: LateSummary
  private let calendar: ZonedCalendar
  private let campaigns: Int

  init(_ summary: LateSummary, _ calendar: ZonedCalendar, campaigns: Int) {
    self.summary = summary
    self.calendar = calendar
    self.campaigns = campaigns
  }

  // MARK: Text

  func text(changes: String?) -> String {
    guard let span = summary.span else {
      return "nothing waits" + counted(before: "; ", after: " counted by backfills")
    }
    var parts = [
      "\(NumberText.count(Int64(summary.total.total))) late events wait for a backfill"
        + counted(before: "; ", after: " have been counted by one"),
      table("day (\(calendar.identifier))", days),
      table("how late", delays),
    ]
    if campaigns > 0, !summary.byCampaign.isEmpty {
      parts.append(table("campaign", topCampaigns))
    }
    if let changes {
      parts.append("a backfill of these days\n\(changes)")
    } else {
      let first = calendar.day(of: span.lowerBound)
      let last = calendar.day(of: span.upperBound)
      parts.append(
        "tributary backfill --from \(first) --to \(last) --timezone \(calendar.identifier) counts them; "
          + "--dry-run shows what it would change")
    }
    return parts.joined(separator: "\n\n")
  }

  private func counted(before: String, after: String) -> String {
    summary.countedBefore == 0
      ? "" : "\(before)\(NumberText.count(Int64(summary.countedBefore)))\(after)"
  }

  private func table(_ title: String, _ rows: [(String, LateSummary.Row)]) -> String {
    let kinds = Self.kinds.filter { summary.total.counts[$0.kind] != nil }
    return AlignedTable(
      header: [title] + kinds.map(\.name) + ["least late", "most late"],
      rows: rows.map { name, row in
        [TerminalText.printable(name)]
          + kinds.map { NumberText.count(Int64(row.counts[$0.kind] ?? 0)) }
          + [NumberText.duration(row.leastDelay), NumberText.duration(row.longestDelay)]
      }
    ).text
  }

  private var days: [(String, LateSummary.Row)] {
    summary.byDay.sorted { $0.key < $1.key }.map { ("\(calendar.day(of: $0.key))", $0.value) }
  }

  private var delays: [(String, LateSummary.Row)] {
    let bounds = LateSummary.delays.map { "\($0 / 86_400_000) d" }
    return summary.byDelay.enumerated().compactMap { index, row in
      guard row.total > 0 else { return nil }
      return index == 0
        ? ("under \(bounds[0])", row)
        : (
          index == bounds.count
            ? "over \(bounds[index - 1])" : "\(bounds[index - 1]) to \(bounds[index])", row
        )
    }
  }

  private var topCampaigns: [(String, LateSummary.Row)] {
    summary.byCampaign.sorted { ($0.value.total, $1.key) > ($1.value.total, $0.key) }
      .prefix(campaigns).map { ($0.key.text, $0.value) }
  }

  // MARK: JSON

  func json(changes: String?) -> String {
    var writer = JSONWriter()
    writer.object { writer in
      writer.key("waiting")
      write(summary.total, [], to: &writer)
      writer.field("counted_by_backfills", Int64(summary.countedBefore))
      writer.field("timezone", calendar.identifier)
      for (name, label, rows) in [
        ("by_day", "day", days), ("by_delay", "delay", delays),
        ("by_campaign", "campaign_id", topCampaigns),
      ] {
        writer.key(name)
        writer.array(rows) { writer, row in write(row.1, [(label, row.0)], to: &writer) }
      }
      if let changes {
        writer.key("changes")
        writer.raw(changes.utf8)
      }
    }
    return writer.text
  }

  private func write(
    _ row: LateSummary.Row, _ labels: [(String, String)], to writer: inout JSONWriter
  ) {
    writer.object { writer in
      for (name, text) in labels { writer.field(name, text) }
      for (kind, name) in Self.kinds { writer.field(name, Int64(row.counts[kind] ?? 0)) }
      if row.total > 0 {
        writer.field("least_delay_ms", row.leastDelay)
        writer.field("longest_delay_ms", row.longestDelay)
      }
    }
  }
}
