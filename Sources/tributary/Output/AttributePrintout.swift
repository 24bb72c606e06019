import Attribution
import Codec
import Configuration
import Files
import Foundation
import Pipeline
import Service

/// What became of the records of files, for people and as JSON.
struct AttributePrintout {
  private let summary: FileAttribution.Summary
  private let files: [InputFile]
  private let output: String
  private let attributions: String?
  private let horizon: Milliseconds
  private let peakResidentBytes = ProcessMemory.peakResidentBytes

  /// - Parameter horizon: the configuration's correction horizon.
  init(
    _ summary: FileAttribution.Summary, files: [InputFile], output: String, attributions: String?,
    horizon: Milliseconds
  ) {
    self.summary = summary
    self.files = files
    self.output = output
    self.attributions = attributions
    self.horizon = horizon
  }

  /// The kinds that there are files of, or records.
  private var counts: [(kind: EventKind, counts: InputCounts)] {
    EventKind.allCases.compactMap { kind in
      guard files.contains(where: { $0.kind == kind }) else { return nil }
      return (kind, summary.counts[kind] ?? InputCounts())
    }
  }

  // MARK: Text

  var text: String {
    let header = [
      "", "files", "records", "accepted", "replaced", "of it late", "duplicates", "dead letters",
      "too late",
    ]
    let rows = counts.map { kind, counts in
      [kind.inputName, "\(files.count { $0.kind == kind })"]
        + [
          counts.records, counts.accepted, counts.replaced, counts.late, counts.duplicates,
          counts.deadLetters, counts.tooLate,
        ].map(String.init)
    }
    var lines = [AlignedTable(header: header, rows: rows).text]
    lines += deadLetterLines
    lines += tooLateLines
    lines.append(closing)
    return lines.joined(separator: "\n")
  }

  private var deadLetterLines: [String] {
    let filtered = EventKind.allCases.compactMap { kind in
      summary.filtered[kind].map {
        "\($0) records of files with \(kind.inputName) are for no entry of inputs"
      }
    }
    return filtered + FaultPrintout(summary.rejected.deadLetters).lines
  }

  /// Why nothing was written: too many records cannot be used. nil if all is well.
  var brokenText: String? {
    guard !summary.brokenKinds.isEmpty else { return nil }
    let shares = summary.brokenKinds.map { kind in
      let counts = summary.counts[kind] ?? InputCounts()
      return "\(counts.deadLetters) of \(counts.records) \(kind.inputName)"
    }
    return shares.joined(separator: ", ")
      + " cannot be used; nothing was written. --allow-broken 1 writes what the rest gives"
  }

  private var tooLateLines: [String] {
    counts.compactMap { kind, counts -> String? in
      guard counts.tooLate > 0, let place = summary.rejected.tooLate[kind] else { return nil }
      return """
        \(counts.tooLate) \(kind.inputName) came too late and do not count, the first at \
        \(TerminalText.printable(place)): sort the files by event_time, raise correction_horizon (now \
        \(DurationText.text(of: horizon))), or look for an event before it whose time is far ahead
        """
    }
  }

  private var closing: String {
    let records = counts.reduce(0) { $0 + $1.counts.records }
    let rate = summary.seconds > 0 ? Double(records) / summary.seconds : 0
    var written = "\(summary.rollups) rollups in \(output)"
    if let attributions { written += ", \(summary.attributions) attributions in \(attributions)" }
    if !summary.brokenKinds.isEmpty { written = "nothing written" }
    return written
      + String(
        format: "; %.1f s, %.0f records/s, at most %d MiB resident", summary.seconds, rate,
        peakResidentBytes >> 20)
  }

  // MARK: JSON

  var json: String {
    var fields = counts.map { kind, counts in
      let faults = summary.rejected.deadLetters[kind] ?? FaultCounts()
      let reasons = faults.byReason.sorted { $0.key < $1.key }
        .map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",")
      return """
        "\(kind.inputName)":{"files":\(files.count { $0.kind == kind }),"records":\(counts.records),\
        "accepted":\(counts.accepted),"replaced":\(counts.replaced),"late":\(counts.late),"duplicates":\(counts.duplicates),\
        "dead_letters":\(counts.deadLetters),"dead_letter_reasons":{\(reasons)},\
        "too_late":\(counts.tooLate),"filtered":\(summary.filtered[kind] ?? 0)}
        """
    }
    fields.append("\"rollups\":\(summary.rollups)")
    if attributions != nil { fields.append("\"attributions\":\(summary.attributions)") }
    fields.append("\"unusable\":{\(FaultPrintout(summary.rejected.deadLetters).json)}")
    fields.append("\"seconds\":\(String(format: "%.3f", summary.seconds))")
    fields.append("\"peak_resident_bytes\":\(peakResidentBytes)")
    return "{\(fields.joined(separator: ","))}"
  }
}
