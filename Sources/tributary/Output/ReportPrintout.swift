import Attribution
import Codec
import Foundation
import Reporting

/// A report as a person reads it.
struct ReportPrintout {
  let report: Report

  var text: String {
    // The change says what the period before was, near enough for the eye.
    let columns = report.columns.filter { $0.content != .previous }
    let table = AlignedTable(
      header: report.request.dimensions.map(\.rawValue) + columns.map(title),
      rows: report.allLines.map { line in names(line) + columns.map { cell(line, $0) } },
      textColumns: report.request.dimensions.count)
    return (heading + [""] + [table.text] + [""] + reconciliation).joined(separator: "\n") + "\n"
  }

  private func title(_ column: Report.Column) -> String {
    column.content == .change ? "change" : column.name
  }

  private func cell(_ line: Report.Line, _ column: Report.Column) -> String {
    guard let value = line.value(column) else { return "" }
    switch column.content {
    case .change: return Self.percent(value)
    case .difference where value > 0: return "+" + Self.shortened(line.text(column) ?? "")
    default: return Self.shortened(line.text(column) ?? "")
    }
  }

  /// Millionths as `+12.5%`, halves of the last digit rounded away from zero.
  private static func percent(_ value: MicrosSum) -> String {
    let tenths = (value.magnitude + 500) / 1_000
    let sign = tenths == 0 ? "" : value < 0 ? "-" : "+"
    return "\(sign)\(tenths / 10).\(tenths % 10)%"
  }

  private var heading: [String] {
    var lines = [period(report.request.days, report.range)]
    if let previous = report.previous {
      lines.append("compared with \(period(previous.days, previous.range))")
    }
    let models = report.request.models.map { report.models[$0].rawValue }.joined(separator: ", ")
    lines.append(
      "\(report.state)  ·  \(models)  ·  \(report.currency)  ·  view \(report.view.name)  ·  "
        + "revision \(report.revision)")
    if !report.request.filters.isEmpty {
      let filters = report.request.filters.map { TerminalText.printable($0.description) }
      lines.append("only where \(filters.joined(separator: ", "))")
    }
    if !report.isFinal {
      lines.append("PROVISIONAL: \(closed); \(open)")
    }
    for range in report.lost {
      lines.append(
        "INPUT LOST: \(range.count) records of \(range.topic)[\(range.partition)], offsets \(range.from) to "
          + "\(range.to), were deleted before they were read; these numbers may miss some of them")
    }
    return lines
  }

  /// Days, the instants that they are, and how long they take.
  private func period(_ days: ClosedRange<CalendarDay>, _ range: Range<Milliseconds>) -> String {
    let calendar = report.request.calendar
    let count = days.lowerBound.distance(to: days.upperBound) + 1
    let minutes = (range.upperBound - range.lowerBound) / 60_000
    let hours = minutes % 60 == 0 ? "\(minutes / 60) h" : "\(minutes / 60) h \(minutes % 60) min"
    return "\(ReportRequest.title(of: days)) in \(calendar.identifier): "
      + "\(calendar.text(range.lowerBound)) – \(calendar.text(range.upperBound)), "
      + (count == 1 ? hours : "\(count) days")
  }

  private var closed: String {
    guard report.closedThrough > report.range.lowerBound else { return "none of it is closed" }
    return "closed through \(report.request.calendar.text(report.closedThrough))"
  }

  private var open: String {
    guard let first = report.openWindows.first, let last = report.openWindows.last else {
      return "no open window has numbers yet"
    }
    let calendar = report.request.calendar
    let end = last + report.view.periodMilliseconds
    return "not counted: \(report.openWindows.count) open windows from \(calendar.text(first)) to "
      + calendar.text(end)
  }

  /// `attributed + unattributed = conversions accepted`, once for all models that split alike.
  var reconciliation: [String] {
    let reconciliation = report.reconciliation
    var lines: [String] = []
    for model in report.request.models {
      let share = reconciliation.shares[model]
      let name = report.request.models.count > 1 ? "\(report.models[model].rawValue): " : ""
      let sum = Self.shortened(Money.format(share.credit))
      let revenue = "\(Self.shortened(Money.format(share.revenue))) \(report.currency)"
      let whole =
        reconciliation.conversions.map { "\($0) conversions accepted" }
        ?? "\(sum) credited" + (isByTouch ? " by time of touch" : "")
      guard let attributed = share.attributedCredit,
        let attributedRevenue = share.attributedRevenue,
        let unattributed = share.unattributed
      else {
        lines.append("\(name)\(whole); \(revenue)")
        continue
      }
      lines.append(
        "\(name)\(Self.shortened(Money.format(attributed))) attributed + "
          + "\(Self.shortened(Money.format(unattributed.credit))) unattributed = \(whole); "
          + "\(Self.shortened(Money.format(attributedRevenue))) + "
          + "\(Self.shortened(Money.format(unattributed.revenue))) = \(revenue)")
    }
    if reconciliation.disagreements.isEmpty, reconciliation.conversions != nil {
      lines.append(
        "the same under "
          + reconciliation.models.map { report.models[$0].rawValue }.joined(separator: ", ")
          + " and in "
          + reconciliation.views.joined(separator: ", "))
    }
    return lines + reconciliation.disagreements
  }

  private var isByTouch: Bool { report.view.bucketConversionsBy == .touch }

  private func names(_ line: Report.Line) -> [String] {
    guard line.kind != .total else {
      return ["total"] + report.request.dimensions.dropFirst().map { _ in "" }
    }
    return line.names.map { $0.isEmpty ? "(none)" : TerminalText.printable($0) }
  }

  /// Decimals without zeros at their end, but two at least: no digit that counts is lost.
  private static func shortened(_ text: String) -> String {
    guard let point = text.firstIndex(of: ".") else { return text }
    var text = Substring(text)
    while text.last == "0", text.distance(from: point, to: text.endIndex) > 3 { text.removeLast() }
    return String(text)
  }
}
