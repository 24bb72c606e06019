import Foundation

/// What is wrong with a file, for its owner.
package struct RejectionReport: Sendable {
  package let path: String
  /// Why the file could not be read to its end; nil when it could.
  var error: FileError?
  var surveys: [FileSurvey] = []

  package var faultCount: Int { surveys.reduce(0) { $0 + $1.faultCount } }
  private var recordCount: Int { surveys.reduce(0) { $0 + $1.recordCount - $1.filteredCount } }

  /// The largest share of a kind's records that cannot be used.
  var faultShare: Double {
    Dictionary(grouping: surveys, by: \.kind).values.map { surveys in
      let faults = surveys.reduce(0) { $0 + $1.faultCount }
      let records = surveys.reduce(0) { $0 + $1.recordCount - $1.filteredCount }
      return Double(faults) / Double(max(1, records))
    }.max() ?? 0
  }

  /// All faults, by what is wrong.
  var counts: FaultCounts {
    surveys.reduce(into: FaultCounts()) { $0.add($1.counts) }
  }

  /// The file in a line.
  package var summary: String {
    if let error { return "\(error)" }
    let records = recordCount
    let first = surveys.lazy.compactMap(\.faults.first).first
    let example = first.map { ", the first: \($0.line)" } ?? ""
    return "\(path): \(faultCount) of \(records) records cannot be used\(example)"
  }

  /// The file in full.
  package func text(wasTaken: Bool) -> String {
    var lines = [
      wasTaken
        ? "This file was taken. Records of it that cannot be used are dead letters."
        : "Nothing of this file was taken.", "",
    ]
    if let error { lines.append("\(error)") }
    for survey in surveys where survey.faultCount > 0 {
      let records = survey.recordCount - survey.filteredCount
      lines.append(
        "\(survey.faultCount) of \(records) \(survey.kind.inputName) cannot be used:")
      lines += survey.counts.sorted.map { "  \($0.count.count) \($0.group.name)" }
      lines.append("")
      lines += survey.faults.map(\.line)
      let more = survey.faultCount - survey.faults.count
      if more > 0 { lines.append("… and \(more) more") }
    }
    if !wasTaken {
      lines += [
        "",
        "Repair the file and put it back. With `tributary ingest --allow-broken 1` a file is taken as it "
          + "is: records that cannot be used become dead letters.",
      ]
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Writes the report beside the file.
  func write(beside file: String, wasTaken: Bool = false) throws {
    let report = try AtomicFile("\(file).report.txt")
    try report.append { $0 += Array(text(wasTaken: wasTaken).utf8) }
    try report.finish()
  }
}
