import Attribution
import Codec
import History
import Reporting

/// What is in the dead letters, for people and as JSON.
struct DeadLettersPrintout {
  private let summary: DeadLetterSummary
  private let calendar: ZonedCalendar
  private let span: DeadLettersCommand.Span?

  init(
    _ summary: DeadLetterSummary, _ calendar: ZonedCalendar, by span: DeadLettersCommand.Span?
  ) {
    self.summary = summary
    self.calendar = calendar
    self.span = span
  }

  /// The most first.
  private var rows: [(group: DeadLetterSummary.Group, row: DeadLetterSummary.Row)] {
    summary.rows.sorted { left, right in
      if left.value.count != right.value.count { return left.value.count > right.value.count }
      return key(left.key) < key(right.key)
    }.map { (group: $0.key, row: $0.value) }
  }

  private func key(_ group: DeadLetterSummary.Group) -> (String, String, String) {
    (group.topic, group.reason, group.field ?? "")
  }

  private var times: [(start: Milliseconds, counts: [String: Int])] {
    summary.byTime.sorted { $0.key < $1.key }.map { (start: $0.key, counts: $0.value) }
  }

  private func name(of start: Milliseconds) -> String {
    span == .hour ? Time.formatSeconds(start) : "\(calendar.day(of: start))"
  }

  // MARK: Text

  var text: String {
    guard summary.total > 0 else { return "no dead letters" }
    let sent =
      summary.replayed == 0
      ? "" : "; \(NumberText.count(summary.replayed)) of them have been sent through again"
    var parts = ["\(NumberText.count(summary.total)) dead letters\(sent)", table, examples]
    if span != nil { parts.append(timeTable) }
    if summary.unlisted > 0 {
      parts.append("\(NumberText.count(summary.unlisted)) more are of kinds that are not listed")
    }
    return parts.joined(separator: "\n\n")
  }

  private var table: String {
    AlignedTable(
      header: ["topic", "reason", "field", "records", "sent again", "first", "last"],
      rows: rows.map { group, row in
        [
          TerminalText.printable(group.topic), TerminalText.printable(group.reason),
          TerminalText.printable(group.field ?? ""), NumberText.count(row.count),
          NumberText.count(row.replayed),
          row.times.map { Time.formatSeconds($0.lowerBound) } ?? "",
          row.times.map { Time.formatSeconds($0.upperBound) } ?? "",
        ]
      }
    ).text
  }

  private var examples: String {
    rows.map { group, row in
      let example = row.example
      let subject = group.field ?? "the record"
      let what = example.detail.map { "\(subject) \($0)" } ?? group.reason
      var line = "\(example.source) offset \(example.offset): \(what)"
      if let value = example.value { line += "\n  \(String(decoding: value, as: UTF8.self))" }
      return line.split(separator: "\n", omittingEmptySubsequences: false)
        .map { TerminalText.printable(String($0)) }.joined(separator: "\n")
    }.joined(separator: "\n")
  }

  private var timeTable: String {
    let reasons = Set(summary.byTime.values.flatMap(\.keys)).sorted()
    return AlignedTable(
      header: ["\(span!.rawValue) (\(span == .hour ? "UTC" : calendar.identifier))"]
        + reasons.map(TerminalText.printable),
      rows: times.map { start, counts in
        [name(of: start)] + reasons.map { NumberText.count(counts[$0] ?? 0) }
      }
    ).text
  }

  // MARK: JSON

  var json: String {
    var writer = JSONWriter()
    writer.object { writer in
      writer.field("dead_letters", Int64(summary.total))
      writer.field("replayed", Int64(summary.replayed))
      if summary.unlisted > 0 { writer.field("unlisted", Int64(summary.unlisted)) }
      writer.array("groups", rows) { writer, entry in
        writer.object { write(entry.group, entry.row, to: &$0) }
      }
      guard let span else { return }
      writer.field("timezone", span == .hour ? "UTC" : calendar.identifier)
      writer.array("by_\(span.rawValue)", times) { writer, entry in
        writer.object { writer in
          writer.field(span.rawValue, name(of: entry.start))
          for (reason, count) in entry.counts.sorted(by: { $0.key < $1.key }) {
            writer.field(reason, Int64(count))
          }
        }
      }
    }
    return writer.text
  }

  private func write(
    _ group: DeadLetterSummary.Group, _ row: DeadLetterSummary.Row, to writer: inout JSONWriter
  ) {
    writer.field("topic", group.topic)
    writer.field("reason", group.reason)
    writer.field("field", group.field)
    writer.field("records", Int64(row.count))
    writer.field("replayed", Int64(row.replayed))
    writer.field("first", row.times.map { Time.formatMilliseconds($0.lowerBound) })
    writer.field("last", row.times.map { Time.formatMilliseconds($0.upperBound) })
    writer.key("example")
    writer.object { writer in
      let example = row.example
      writer.field(
        "place", "\(example.source.topic)-\(example.source.partition)-\(example.offset)")
      writer.field("detail", example.detail)
      if let value = example.value {
        writer.field("value", String(decoding: value, as: UTF8.self))
      }
    }
  }
}

/// What a replay has sent, or would send.
struct ReplayPrintout {
  private let result: DeadLetterReplay.Result
  private let isDryRun: Bool

  init(_ result: DeadLetterReplay.Result, isDryRun: Bool) {
    self.result = result
    self.isDryRun = isDryRun
  }

  var text: String {
    var lines = result.sent.sorted { $0.key < $1.key }.map { topic, count in
      "\(NumberText.count(count)) records \(isDryRun ? "would go" : "sent") to "
        + TerminalText.printable(topic)
    }
    if lines.isEmpty { lines.append("nothing \(isDryRun ? "would be" : "was") sent") }
    if result.sentBefore > 0 {
      lines.append("\(NumberText.count(result.sentBefore)) were sent before, and are not again")
    }
    if result.cutCount > 0 {
      let listed = result.cut.map(TerminalText.printable).joined(separator: ", ")
      let more = result.cutCount - result.cut.count
      lines.append(
        "\(NumberText.count(result.cutCount)) are left out, because a part of them is gone (`cut`): "
          + listed + (more > 0 ? " and \(NumberText.count(more)) more" : ""))
    }
    for (source, count) in result.strangers.sorted(by: { $0.key < $1.key }) {
      lines.append(
        "\(NumberText.count(count)) are left out, because \(TerminalText.printable(source)) is no "
          + "partition of an input")
    }
    if isDryRun && result.sentCount > 0 { lines.append("--yes sends them") }
    return lines.joined(separator: "\n")
  }

  var json: String {
    var writer = JSONWriter()
    writer.object { writer in
      writer.field("dry_run", isDryRun)
      writer.field("sent", isDryRun ? 0 : Int64(result.sentCount))
      writer.key("by_topic")
      writer.object { writer in
        for (topic, count) in result.sent.sorted(by: { $0.key < $1.key }) {
          writer.field(topic, Int64(count))
        }
      }
      writer.field("sent_before", Int64(result.sentBefore))
      writer.field("cut", Int64(result.cutCount))
      writer.array("cut_records", result.cut) { $0.value($1) }
      writer.key("left_out")
      writer.object { writer in
        for (source, count) in result.strangers.sorted(by: { $0.key < $1.key }) {
          writer.field(source, Int64(count))
        }
      }
    }
    return writer.text
  }
}
