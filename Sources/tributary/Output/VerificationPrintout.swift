import Attribution
import Codec
import Foundation
import Verification

/// A verification's report, as a table or JSON.
struct VerificationPrintout {
  private let report: VerificationReport
  private let currency: String
  private let seconds: Double

  init(_ report: VerificationReport, currency: String, seconds: Double) {
    self.report = report
    self.currency = currency
    self.seconds = seconds
  }

  // MARK: For people

  var text: String {
    let hasFiltered = report.inputs.contains { $0.tally.filtered > 0 }
    let header =
      ["", "records"] + (hasFiltered ? ["filtered"] : [])
      + ["accepted", "replaced", "duplicates", "dead letters", "too late"]
    let rows = report.inputs.map { topic, tally in
      [topic, "\(tally.records)"] + (hasFiltered ? ["\(tally.filtered)"] : []) + [
        "\(tally.accepted)", "\(tally.replaced)", "\(tally.duplicates)",
        "\(tally.deadLetters)", "\(tally.tooLate)",
      ]
    }
    var lines = [AlignedTable(header: header, rows: rows).text, ""]
    lines += report.rekeyed.map { topic, tally in
      "re-keyed      \(topic): \(tally.records) records, \(tally.filtered) filtered, "
        + "\(tally.passedOn) passed on, \(tally.deadLetters) dead letters"
    }
    lines.append("rollups       \(report.rollups) published, \(report.finalRollups) of them final")
    lines.append("attributions  \(report.attributions) published")
    lines.append(
      "credits       " + (report.creditsAreExact ? "sum" : "do NOT sum")
        + " to 1.000000 for every conversion and model")
    lines.append(
      "revenue       \(value) \(currency) of accepted conversions, "
        + (report.revenueIsExact ? "" : "NOT ") + "in full in every view and model")
    lines += report.notes.map { "note: \($0)" }
    lines.append("")
    let differences = report.differences
    lines.append(differences.total == 1 ? "1 difference" : "\(differences.total) differences")
    lines += differences.discrepancies.map { "  \($0)" }
    if differences.total > differences.discrepancies.count {
      lines.append("  … and \(differences.total - differences.discrepancies.count) more")
    }
    let records = report.inputs.reduce(0) { $0 + $1.tally.records }
    lines.append(String(format: "%d input records in %.1f s", records, seconds))
    return lines.joined(separator: "\n")
  }

  private var value: String {
    Micros(exactly: report.conversionValue).map(Money.format) ?? "\(report.conversionValue) micros"
  }

  // MARK: For machines

  private struct Document: Encodable {
    struct Input: Encodable {
      var topic: String
      var records: Int
      var filtered: Int
      var accepted: Int
      var replaced: Int
      var duplicates: Int
      var deadLetters: Int
      var tooLate: Int
    }
    struct Difference: Encodable {
      var subject: String
      var field: String
      var expected: String
      var published: String
    }
    struct Rekeyed: Encodable {
      var topic: String
      var records: Int
      var filtered: Int
      var passedOn: Int
      var deadLetters: Int
    }
    var inputs: [Input]
    var rekeyed: [Rekeyed]
    var rollups: Int
    var finalRollups: Int
    var attributions: Int
    var creditsExact: Bool
    var revenueExact: Bool
    var conversionValue: String
    var currency: String
    var differences: Int
    var firstDifferences: [Difference]
    var notes: [String]
    var seconds: Double
  }

  var json: String {
    get throws {
      let document = Document(
        inputs: report.inputs.map { topic, tally in
          .init(
            topic: topic, records: tally.records, filtered: tally.filtered,
            accepted: tally.accepted, replaced: tally.replaced, duplicates: tally.duplicates,
            deadLetters: tally.deadLetters, tooLate: tally.tooLate)
        },
        rekeyed: report.rekeyed.map { topic, tally in
          .init(
            topic: topic, records: tally.records, filtered: tally.filtered,
            passedOn: tally.passedOn,
            deadLetters: tally.deadLetters)
        },
        rollups: report.rollups, finalRollups: report.finalRollups,
        attributions: report.attributions, creditsExact: report.creditsAreExact,
        revenueExact: report.revenueIsExact, conversionValue: value, currency: currency,
        differences: report.differences.total,
        firstDifferences: report.differences.discrepancies.map {
          .init(
            subject: $0.subject, field: $0.field, expected: $0.expected, published: $0.published)
        },
        notes: report.notes, seconds: (seconds * 1_000).rounded() / 1_000)
      let encoder = JSONEncoder()
      encoder.keyEncodingStrategy = .convertToSnakeCase
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      return String(decoding: try encoder.encode(document), as: UTF8.self)
    }
  }
}
