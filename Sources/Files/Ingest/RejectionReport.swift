import Foundation

/// What is wrong with a file, for whoever mends it.
struct RejectionReport {
  let path: String
  /// Why the file could not be read to its end; nil when it could.
  var error: FileError?
  var surveys: [FileSurvey] = []

  var faultCount: Int { surveys.reduce(0) { $0 + $1.faultCount } }
  private var recordCount: Int { surveys.reduce(0) { $0 + $1.recordCount } }
  /// The share of records that cannot be used.
  var faultShare: Double { Double(faultCount) / Double(max(1, recordCount)) }

  /// The file in a line.
  var summary: String {
    if let error { return "\(error)" }
    let records = recordCount
    let first = surveys.lazy.compactMap(\.faults.first).first
    let example = first.map { ", the first at \($0.place): \(Self.text($0))" } ?? ""
    return "\(path): \(faultCount) of \(records) records cannot be used\(example)"
  }

  /// The file in full.
  func text(wasTaken: Bool) -> String {
    var lines = [
      wasTaken
        ? "This file was taken. Records of it that cannot be used are dead letters."
        : "Nothing of this file was taken.", "",
    ]
    if let error { lines.append("\(error)") }
    for survey in surveys where survey.faultCount > 0 {
      lines.append(
        "\(survey.faultCount) of \(survey.recordCount) records cannot be used:")
      lines += survey.faults.map { "\($0.place): \(Self.text($0))" }
      let more = survey.faultCount - survey.faults.count
      if more > 0 { lines.append("… and \(more) more") }
    }
    if !wasTaken {
      lines += [
        "",
        "Mend the file and put it back. With `tributary ingest --allow-broken 1` a file is taken as it "
          + "is: records that cannot be used become dead letters.",
      ]
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func text(_ fault: FileSurvey.Fault) -> String {
    fault.reason + (fault.complaint.map { " (\($0))" } ?? "")
  }

  /// Writes the report beside the file.
  func write(beside file: String, wasTaken: Bool = false) throws {
    let report = try AtomicFile("\(file).report.txt")
    try report.append { $0 += Array(text(wasTaken: wasTaken).utf8) }
    try report.finish()
  }
}
