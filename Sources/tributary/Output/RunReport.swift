import Attribution
import Cluster
import Codec
import Configuration
import Foundation
import Pipeline
import Service

/// What a run has done, as a table or JSON.
struct RunReport {
  private let rows: [(name: String, counts: InputCounts)]
  /// Topics that are re-keyed, with what became of their records.
  private let rekeyed: [(topic: String, counts: RekeyCounts)]
  private let seconds: Double
  private let peakResidentBytes = ProcessMemory.peakResidentBytes

  /// Topics in our own form go by what they hold, all others by their names.
  init(_ summary: Processor.Summary, _ settings: Configuration) {
    rows = settings.inputTopics.compactMap { topic in
      let kind = settings.inputs == nil ? topic.kinds[0].inputName : nil
      return summary.counts[topic.name].map { (kind ?? topic.name, $0) }
    }
    rekeyed = summary.rekeyed.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    seconds = summary.seconds
  }

  func print(asJSON: Bool) throws {
    if asJSON {
      return try StandardOutput.print(json)
    }
    let hasFiltered = rows.contains { $0.counts.filtered > 0 }
    let header =
      ["", "records"] + (hasFiltered ? ["filtered"] : [])
      + ["accepted", "replaced", "of it late", "duplicates", "dead letters", "too late"]
    let lines = rows.map { name, counts in
      [name, "\(counts.records)"] + (hasFiltered ? ["\(counts.filtered)"] : []) + [
        "\(counts.accepted)", "\(counts.replaced)", "\(counts.late)", "\(counts.duplicates)",
        "\(counts.deadLetters)", "\(counts.tooLate)",
      ]
    }
    try StandardOutput.print(AlignedTable(header: header, rows: lines).text)
    for (topic, counts) in rekeyed {
      try StandardOutput.print(
        "re-keyed \(topic): \(counts.records) records, \(counts.filtered) filtered, "
          + "\(counts.forwarded) passed on, \(counts.deadLetters) dead letters")
    }
    let records = rows.reduce(0) { $0 + $1.counts.records }
    let rate = seconds > 0 ? Double(records) / seconds : 0
    let mebibytes = peakResidentBytes >> 20
    try StandardOutput.print(
      String(format: "%.1f s, %.0f records/s, at most %d MiB resident", seconds, rate, mebibytes))
  }

  private var json: String {
    JSONWriter.object { writer in
      for (name, counts) in rows {
        writer.object(name) {
          $0.field("records", counts.records)
          $0.field("filtered", counts.filtered)
          $0.field("accepted", counts.accepted)
          $0.field("late", counts.late)
          $0.field("replaced", counts.replaced)
          $0.field("duplicates", counts.duplicates)
          $0.field("dead_letters", counts.deadLetters)
          $0.field("too_late", counts.tooLate)
        }
      }
      if !rekeyed.isEmpty {
        writer.object("rekeyed") { writer in
          for (topic, counts) in rekeyed {
            writer.object(topic) {
              $0.field("records", counts.records)
              $0.field("filtered", counts.filtered)
              $0.field("passed_on", counts.forwarded)
              $0.field("dead_letters", counts.deadLetters)
            }
          }
        }
      }
      writer.field("seconds", seconds: seconds)
      writer.field("peak_resident_bytes", peakResidentBytes)
    }
  }
}
