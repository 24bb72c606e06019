import Attribution
import Codec
import Foundation
import Reporting

/// A report as a person reads it.
struct ReportPrintout {
  let report: Report

  var text: String {
    let columns = report.columns
    let table = AlignedTable(
      header: [report.request.dimension.rawValue] + columns.map(\.name),
      rows: report.allLines.map { line in
        [name(line)] + columns.map { line.text($0).map(Self.shortened) ?? "" }
      })
    return (heading + [""] + [table.text] + [""] + reconciliation).joined(separator: "\n") + "\n"
  }

  private var heading: [String] {
    let calendar = report.request.calendar
    let hours = (report.range.upperBound - report.range.lowerBound) / 60_000
    let length = hours % 60 == 0 ? "\(hours / 60) h" : "\(hours / 60) h \(hours % 60) min"
    var lines = [
      "\(report.request.day) in \(calendar.identifier): \(calendar.text(report.range.lowerBound)) – "
        + "\(calendar.text(report.range.upperBound)), \(length)"
    ]
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

  private func name(_ line: Report.Line) -> String {
    switch line.kind {
    case .total: "total"
    case .item, .unattributed: line.name.isEmpty ? "(none)" : TerminalText.printable(line.name)
    }
  }

  /// Decimals without zeros at their end, but two at least: no digit that counts is lost.
  private static func shortened(_ text: String) -> String {
    guard let point = text.firstIndex(of: ".") else { return text }
    var text = Substring(text)
    while text.last == "0", text.distance(from: point, to: text.endIndex) > 3 { text.removeLast() }
    return String(text)
  }
}
