import Attribution
import Codec
import Reporting

/// A conversion's explanation as a person reads it: a timeline of touches, then the credits, then what
/// changed when.
struct ExplanationPrintout {
  let explanation: ConversionExplanation

  var text: String {
    (timeline + [""] + versions + credits + [""] + revisions).joined(separator: "\n")
  }

  private var conversion: PublishedAttribution { explanation.attribution }

  private var timeline: [String] {
    var lines = [
      "conversion \(name(conversion.conversionID)) of user \(name(conversion.userID))", "",
    ]
    var isBehind = false
    for touch in explanation.touches {
      if touch.touch.time > conversion.time, !isBehind {
        lines.append(ownLine)
        isBehind = true
      }
      let place = [touch.touch.campaignID, touch.touch.channel, touch.touch.adID]
        .filter { !$0.isEmpty }.map(name).joined(separator: " / ")
      let mark = touch.verdict == .eligible ? "●" : "○"
      lines.append(
        "\(Time.formatMilliseconds(touch.touch.time))  \(mark) \(touch.touch.kind) "
          + name(touch.touch.eventID) + (touch.version > 0 ? " version \(touch.version)" : "")
          + "  \(place)  \(touch.verdict.text)")
    }
    if !isBehind { lines.append(ownLine) }
    return lines
  }

  private var ownLine: String {
    "\(Time.formatMilliseconds(conversion.time))  ◆ conversion, \(Money.format(conversion.value)) "
      + conversion.currency
  }

  /// Nothing where there is only the one that is usual.
  private var versions: [String] {
    guard explanation.versions.contains(where: { $0.number > 0 || $0.isDeleted }) else { return [] }
    return explanation.versions.map { version in
      let worth = version.isDeleted ? "deleted" : Money.format(version.value)
      return "version \(version.number): \(worth), \(Time.formatMilliseconds(version.time)): "
        + version.fate.text
    } + [""]
  }

  private var credits: [String] {
    if conversion.isDeleted { return ["deleted: it is worth nothing, and no touch earns it"] }
    guard !conversion.touches.isEmpty else {
      return ["no eligible touch: all of it is (unattributed) under every model"]
    }
    let models = conversion.credits.keys.sorted()
    let table = AlignedTable(
      header: ["credit"] + models,
      rows: conversion.touches.indices.map { index in
        [name(conversion.touches[index].eventID)]
          + models.map { model in
            let credit = Money.format(conversion.credits[model]![index])
            let revenue = conversion.revenues[model].map { Money.format($0[index]) } ?? ""
            return "\(credit)  \(revenue)"
          }
      })
    return [table.text]
  }

  private var revisions: [String] {
    explanation.revisions.indices.map { index in
      "revision \(explanation.revisions[index].revision): "
        + explanation.changes(ofRevision: index).map(name).joined(separator: "; ")
    }
  }

  private func name(_ text: String) -> String { TerminalText.printable(text) }
}
