import Attribution
import Codec
import Inputs
import Readers

/// What `inputs check` has found, side by side, or as JSON.
struct InputCheckPrintout {
  private let topics: [TopicCheckResult]

  init(_ topics: [TopicCheckResult]) { self.topics = topics }

  // MARK: For people

  private static let longestText = 48

  var text: String { topics.map(text).joined(separator: "\n\n") }

  private func text(_ topic: TopicCheckResult) -> String {
    var lines = [
      "\(topic.topic): \(topic.records) records looked at: \(topic.events) events, "
        + "\(topic.filtered) filtered, \(topic.rejected) that cannot be used"
    ]
    for record in topic.shown { lines += ["", text(record)] }
    if !topic.unusable.isEmpty {
      lines += ["", "cannot be used:"]
      lines += topic.unusable.map { found in
        let why = found.why
        return shown(
          "  \(found.count) \(why.reason): \(why.field ?? "the record") \(why.detail)", 200)
      }
    }
    if !topic.warnings.isEmpty {
      lines.append("")
      lines += topic.warnings.map { "warning: " + shown($0, .max) }
    }
    if !topic.proposal.isEmpty {
      lines += ["", "a mapping to begin with, by usual names:", "", shown(topic.proposal, .max)]
    }
    return lines.joined(separator: "\n")
  }

  private func text(_ record: RecordExplanation) -> String {
    let place = "partition \(record.partition) offset \(record.offset)"
    var title = place
    if let kind = record.kind { title += ": \(kind)" }
    if !record.reason.isEmpty {
      title += (record.kind == nil ? ": " : ", not usable: ") + shown(record.reason, 200)
    }
    let rows = record.fields.filter { $0.found != nil || $0.became?.isEmpty == false }.map {
      field in
      [
        "  " + field.name, field.path.isEmpty ? "(constant)" : shown(field.path),
        field.found.map { shown($0) } ?? "-", field.became.map { shown($0) } ?? "-",
      ]
    }
    guard !rows.isEmpty else { return title }
    return title + "\n" + columns([["  field", "from", "found", "became"]] + rows)
  }

  /// Columns that all begin at the left.
  private func columns(_ rows: [[String]]) -> String {
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      let padded = row.indices.map { column in
        column == row.count - 1
          ? row[column]
          : row[column] + String(repeating: " ", count: widths[column] - row[column].count)
      }
      return padded.joined(separator: "  ")
    }.joined(separator: "\n")
  }

  /// Text from outside, for a terminal.
  private func shown(_ text: String, _ most: Int = longestText) -> String {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let printable = lines.map { TerminalText.printable(String($0)) }.joined(separator: "\n")
    let line = most == .max ? printable : printable.replacing("\n", with: "\u{FFFD}")
    return line.count <= most ? line : line.prefix(most) + "…"
  }

  // MARK: For machines

  var json: String {
    var writer = JSONWriter()
    writer.object { writer in
      writer.key("topics")
      writer.array(topics) { writer, topic in write(topic, to: &writer) }
    }
    return writer.text
  }

  private func write(_ topic: TopicCheckResult, to writer: inout JSONWriter) {
    writer.object { writer in
      writer.key("topic")
      writer.value(topic.topic)
      for (name, count) in [
        ("records", topic.records), ("events", topic.events), ("filtered", topic.filtered),
        ("dead_letters", topic.rejected),
      ] {
        writer.key(name)
        writer.value(Int64(count))
      }
      writer.key("samples")
      writer.array(topic.shown) { writer, record in write(record, to: &writer) }
      writer.array("unusable", topic.unusable) { writer, found in
        writer.object { writer in
          writer.field("reason", found.why.reason)
          writer.field("field", found.why.field)
          writer.field("detail", found.why.detail)
          writer.field("count", Int64(found.count))
        }
      }
      writer.key("warnings")
      writer.array(topic.warnings) { writer, warning in writer.value(warning) }
      writer.key("proposal")
      writer.value(topic.proposal.isEmpty ? nil : topic.proposal)
    }
  }

  private func write(_ record: RecordExplanation, to writer: inout JSONWriter) {
    writer.object { writer in
      writer.key("partition")
      writer.value(Int64(record.partition))
      writer.key("offset")
      writer.value(record.offset)
      writer.key("outcome")
      switch record.reading {
      case .event: writer.value("event")
      case .filtered: writer.value("filtered")
      case .rejected(let rejection): writer.value(rejection.reason.rawValue)
      }
      writer.key("kind")
      writer.value(record.kind.map { "\($0)" })
      writer.field("field", record.field)
      writer.field("detail", record.detail)
      writer.field("explanation", record.reason.isEmpty ? nil : record.reason)
      writer.key("fields")
      writer.array(record.fields) { writer, field in
        writer.object { writer in
          writer.key("field")
          writer.value(field.name)
          writer.key("path")
          writer.value(field.path.isEmpty ? nil : field.path)
          writer.key("found")
          writer.value(field.found)
          writer.key("became")
          writer.value(field.became)
        }
      }
    }
  }
}
