import Attribution
import Codec
import History
import Reporting

/// What a backfill has done, for people and as JSON.
struct BackfillPrintout {
  private let result: BackfillResult
  private let range: Range<Milliseconds>
  private let isDryRun: Bool
  private let definitions: Definitions

  init(
    _ result: BackfillResult, _ range: Range<Milliseconds>, isDryRun: Bool,
    _ definitions: Definitions
  ) {
    self.result = result
    self.range = range
    self.isDryRun = isDryRun
    self.definitions = definitions
  }

  var text: String {
    func count(_ value: Int) -> String { NumberText.count(Int64(value)) }
    var lines = [
      "\(Time.formatSeconds(range.lowerBound)) to \(Time.formatSeconds(range.upperBound))"
        + (isDryRun ? ", dry run: nothing is changed" : "")
    ]
    if let resumed = result.resumedFrom {
      lines.append("goes on at \(Time.formatSeconds(resumed)): what is before was done already")
    }
    lines.append(
      "late events   \(count(result.eventsCounted)) \(isDryRun ? "to count" : "counted")")
    if result.eventsWaiting > 0 {
      lines.append(
        "              \(count(result.eventsWaiting)) wait: their task still accepts events almost as "
          + "old; run the backfill again when it has gone on")
    }
    let verb = isDryRun ? "would change" : "changed"
    lines.append(
      "windows       \(count(result.windowsChanged)) of \(count(result.windowsCompared)) \(verb)")
    lines.append("attributions  \(count(result.attributionsChanged)) \(verb)")
    if !result.largest.isEmpty {
      lines.append("\nlargest changes")
      lines.append(AlignedTable(header: ["window", "view", "names", "", ""], rows: rows).text)
    }
    return lines.joined(separator: "\n")
  }

  /// A line per figure that changes, at most three per window.
  private var rows: [[String]] {
    result.largest.flatMap { change in
      figures(change).filter { $0.before != $0.after }.prefix(3).map { figure in
        [
          Time.formatSeconds(change.key.windowStart), change.key.view,
          change.key.dimensions.map(TerminalText.printable).joined(separator: " "), figure.name,
          "\(figure.text(figure.before)) → \(figure.text(figure.after))",
        ]
      }
    }
  }

  private struct Figure {
    var name: String
    var before: MicrosSum
    var after: MicrosSum
    var isMicros = true

    func text(_ value: MicrosSum) -> String {
      isMicros ? NumberText.micros(value) : NumberText.count(value)
    }
  }

  private func figures(_ change: BackfillResult.Change) -> [Figure] {
    let (before, after) = (change.before, change.after)
    var figures: [Figure] = []
    for (index, model) in definitions.models.enumerated() {
      let suffix = definitions.models.count > 1 ? " \(model.rawValue)" : ""
      figures.append(
        Figure(
          name: "revenue\(suffix)", before: before.revenues[index], after: after.revenues[index]))
      figures.append(
        Figure(
          name: "conversions\(suffix)", before: MicrosSum(before.credits[index]),
          after: MicrosSum(after.credits[index])))
    }
    figures.append(Figure(name: "spend", before: before.spend, after: after.spend))
    for (name, field) in [
      ("clicks", \RollupSums.clicks), ("impressions", \.impressions), ("users", \.users),
      ("sessions", \.sessions),
    ] {
      figures.append(
        Figure(
          name: name, before: MicrosSum(before[keyPath: field]),
          after: MicrosSum(after[keyPath: field]),
          isMicros: false))
    }
    return figures
  }

  var json: String {
    var writer = JSONWriter()
    writer.object { writer in
      writer.field("from", Time.formatSeconds(range.lowerBound))
      writer.field("to", Time.formatSeconds(range.upperBound))
      writer.field("dry_run", isDryRun)
      writer.field("resumed_from", result.resumedFrom.map(Time.formatSeconds))
      writer.field("late_events_counted", Int64(result.eventsCounted))
      writer.field("late_events_waiting", Int64(result.eventsWaiting))
      writer.field("windows_compared", Int64(result.windowsCompared))
      writer.field("windows_changed", Int64(result.windowsChanged))
      writer.field("attributions_changed", Int64(result.attributionsChanged))
      writer.key("largest_changes")
      writer.array(result.largest) { writer, change in write(change, to: &writer) }
    }
    return writer.text
  }

  private func write(_ change: BackfillResult.Change, to writer: inout JSONWriter) {
    writer.object { writer in
      writer.field("view", change.key.view)
      writer.key("names")
      writer.array(change.key.dimensions) { $0.value($1) }
      writer.field("window_start", Time.formatSeconds(change.key.windowStart))
      for (name, sums) in [("before", change.before), ("after", change.after)] {
        writer.key(name)
        writer.object { write(sums, to: &$0) }
      }
    }
  }

  private func write(_ sums: RollupSums, to writer: inout JSONWriter) {
    writer.field("impressions", sums.impressions)
    writer.field("clicks", sums.clicks)
    writer.field("users", sums.users)
    writer.field("sessions", sums.sessions)
    let credits = sums.credits.map { MicrosSum($0) }
    for (name, values) in [("conversions", credits), ("revenue", sums.revenues)] {
      writer.key(name)
      writer.object { writer in
        for (model, value) in zip(definitions.models, values) {
          writer.decimal(model.rawValue, value)
        }
      }
    }
    writer.decimal("spend", sums.spend)
  }
}
