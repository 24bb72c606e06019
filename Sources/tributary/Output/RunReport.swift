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
      let inputs = rows.map { name, counts in
        """
        "\(name)":{"records":\(counts.records),"filtered":\(counts.filtered),\
        "accepted":\(counts.accepted),"late":\(counts.late),"replaced":\(counts.replaced),\
        "duplicates":\(counts.duplicates),"dead_letters":\(counts.deadLetters),\
        "too_late":\(counts.tooLate)}
        """
      }
      let sources = rekeyed.map { topic, counts in
        """
        "\(topic)":{"records":\(counts.records),"filtered":\(counts.filtered),\
        "passed_on":\(counts.forwarded),"dead_letters":\(counts.deadLetters)}
        """
      }
      let rekeyed = sources.isEmpty ? "" : "\"rekeyed\":{\(sources.joined(separator: ","))},"
      try StandardOutput.print(
        """
        {\(inputs.joined(separator: ",")),\(rekeyed)"seconds":\(String(format: "%.3f", seconds)),\
        "peak_resident_bytes":\(peakResidentBytes)}
        """)
      return
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
}
