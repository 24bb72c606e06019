import Attribution
import Cluster
import Configuration
import Foundation
import Inputs
import Kafka
import Logging

/// What some records of a topic are.
package struct TopicCheckResult {
  package var topic: String
  /// Records looked at, of which the last are shown.
  package var records = 0
  package var events = 0
  package var filtered = 0
  package var rejected = 0
  package var shown: [RecordExplanation] = []
  /// Why records cannot be used, as their dead letters would say, the most frequent first.
  package var unusable: [(why: TopicReport.Unusable, count: Int)] = []
  package var warnings: [String] = []
  /// A mapping to begin with, as YAML; empty for none.
  package var proposal = ""
}

/// Reads some records from the end of topics and has them explained.
package struct InputCheck {
  /// So many records are looked at, that what never fits is likely to be said rightly.
  private static let least = 500

  private let settings: Configuration
  private let logger: Logger

  package init(_ settings: Configuration, logger: Logger) {
    self.settings = settings
    self.logger = logger
  }

  /// - Parameters:
  ///   - topic: nil for all inputs.
  ///   - count: records to show.
  package func run(topic: String?, count: Int) throws -> [TopicCheckResult] {
    let plans: InputPlans
    do { plans = try InputPlans(settings) } catch { throw OperatorError("\(error)") }
    let reader = try TopicReader(settings, logger: logger)
    defer { reader.close() }
    guard let topic else {
      return try plans.sources.map { try check($0.topic, $0, count, reader) }
    }
    return [try check(topic, plans.plan(of: topic), count, reader)]
  }

  /// What some records of every input say of the mapping, as findings of a check of the configuration.
  package func findings() throws -> [ClusterCheck.Finding] {
    try run(topic: nil, count: 0).flatMap { result -> [ClusterCheck.Finding] in
      let subject = "records of \(result.topic)"
      var findings = result.warnings.map {
        ClusterCheck.Finding(outcome: .warned, subject: subject, detail: $0)
      }
      let isUseless = result.events == 0 && result.records > 0
      let counts =
        "\(result.records) looked at: \(result.events) events, \(result.filtered) filtered, "
        + "\(result.rejected) that cannot be used"
      findings.append(
        ClusterCheck.Finding(
          outcome: isUseless || result.rejected > result.events ? .warned : .passed,
          subject: subject,
          detail: counts
            + (result.rejected > 0 || isUseless ? "; `tributary inputs check` shows why" : "")))
      return findings
    }
  }

  private func check(
    _ topic: String, _ plan: InputPlan?, _ count: Int, _ reader: TopicReader
  ) throws -> TopicCheckResult {
    let records = try newest(max(count, Self.least), of: topic, reader)
    var result = TopicCheckResult(topic: topic, records: records.count)
    if let plan { try explain(records, plan, count, &result) }
    let isJSON = plan.map { $0.format == .json } ?? true
    if isJSON, result.events == 0 || result.rejected > 0 {
      result.proposal = try proposal(topic, records, betterThan: result.events)
    }
    return result
  }

  /// A mapping by which more of the records can be used; empty where there is none.
  private func proposal(
    _ topic: String, _ records: [KeptInputRecord], betterThan events: Int
  ) throws -> String {
    let proposal = MappingProposal(topic: topic, values: records.compactMap(\.value))
    guard !proposal.yaml.isEmpty, events > 0 else { return proposal.yaml }
    guard let entries = proposal.entries else { return "" }
    var proposed = settings
    proposed.inputs = entries
    guard let plan = try InputPlans(proposed, registry: nil).plan(of: topic) else { return "" }
    var decoder = InputDecoder(plan, definitions: settings.definitions)
    var event = Event(kind: .click, time: 0, eventID: .empty, userID: .empty)
    let usable = try records.count { record in
      defer { decoder.recycle() }
      return try record.withRecord { try decoder.decode($0, into: &event) == .event }
    }
    return usable > events ? proposal.yaml : ""
  }

  private func explain(
    _ records: [KeptInputRecord], _ plan: InputPlan, _ count: Int,
    _ result: inout TopicCheckResult
  ) throws {
    var decoder = InputDecoder(plan, definitions: settings.definitions, explains: true)
    decoder.clock = Milliseconds(Date().timeIntervalSince1970 * 1_000)
    var report = TopicReport(plan)
    for (index, record) in records.enumerated() {
      let explanation: RecordExplanation
      do { explanation = try record.withRecord { try decoder.explain($0) } } catch {
        throw OperatorError("\(plan.topic): \(error)")
      }
      report.add(explanation)
      if index >= records.count - count { result.shown.append(explanation) }
    }
    result.events = report.events
    result.filtered = report.filtered
    result.rejected = report.rejected
    result.unusable = report.unusable
    result.warnings = report.warnings
  }

  /// The newest records, by their timestamps.
  private func newest(
    _ count: Int, of topic: String, _ reader: TopicReader
  ) throws -> [KeptInputRecord] {
    let partitions = try reader.partitions(of: [topic])
    guard !partitions.isEmpty else {
      throw OperatorError("there is no topic \(topic) at \(settings.bootstrapServers)")
    }
    let ends = try reader.ends(of: partitions)
    var starts: [TopicPartition: Int64] = [:]
    for (partition, end) in ends {
      starts[partition] = max(try reader.start(of: partition), end - Int64(count))
    }
    var records: [KeptInputRecord] = []
    try reader.read(through: ends.filter { $0.value > starts[$0.key] ?? 0 }, from: starts) {
      _, record in
      records.append(KeptInputRecord(InputRecord(record, withHeaders: true)))
      return true
    }
    records.sort {
      ($0.timestamp, $0.partition, $0.offset) < ($1.timestamp, $1.partition, $1.offset)
    }
    return records.suffix(count)
  }
}
