import Cluster
import Configuration
import Foundation
import History
import Inputs
import Kafka
import Logging

/// Carries a verification out: reads what is published, then the inputs, and asks for the verdict.
public final class Verifier {
  private let configuration: Configuration
  private let log: KafkaLog
  private let reader: TopicReader
  private let quiescence: QuiescentPoint
  private var verification: VerificationPass
  private var notes: [String] = []
  /// In the order of the verification's inputs.
  private let plans: [InputPlan]
  /// Of the topics that are re-keyed.
  private let rekeyedPlans: [InputPlan]
  /// Of what is published.
  private let forms: PublishedForms

  public init(_ configuration: Configuration, plan: TopicPlan, logger: Logger) throws {
    self.configuration = configuration
    forms = try PublishedForms(configuration)
    log = KafkaLog(configuration, plan: plan, logger: logger)
    reader = try TopicReader(configuration, logger: logger)
    quiescence = try QuiescentPoint(configuration, reader: reader)
    let topics = configuration.topics
    let inputPlans = try InputPlans(configuration)
    plans = inputPlans.plans(in: plan)
    rekeyedPlans = inputPlans.rekeyed
    verification = VerificationPass(
      definitions: configuration.definitions,
      inputs: plans.map {
        .init($0, partitioner: configuration.partitioner, partitionCount: plan.taskCount)
      },
      rekeyed: rekeyedPlans.map { .init($0) },
      outputs: .init(
        rollups: topics.rollups, attributions: topics.attributions,
        deadLetters: topics.deadLetters, lateEvents: topics.lateEvents, accepted: topics.accepted))
  }

  public func close() { reader.close() }

  /// - Parameters:
  ///   - expectsAll: judge by all that the inputs hold, not by what the processor has committed.
  ///   - timeout: how long to wait for what is processed to be published.
  ///   - onProgress: told now and then how many records have been read, of how many.
  public func run(
    expectsAll: Bool, timeout: Duration,
    onProgress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws -> VerificationReport {
    let processed = try quiescence.wait(timeout, wantsInputs: expectsAll)
    if processed.isEmpty {
      notes.append(
        "the group \(configuration.applicationID)-attribution has committed nothing: has the "
          + "processor run with this application_id?")
    }
    let bounds = expectsAll ? try quiescence.inputEnds() : processed
    let outputEnds = try quiescence.outputEnds()
    let total = bounds.values.reduce(0, +) + outputEnds.values.reduce(0, +)
    var done = 0
    func count() {
      done += 1
      if done % 1_000 == 0 { onProgress(done, Int(total)) }
    }

    verification.take(backfills: try BackfillLedger(configuration, from: log))
    let rekeyed = try quiescence.rekeyed()
    try readPublished(outputEnds, count)
    guard try !quiescence.hasGoneOn(since: processed, rekeyed) else {
      throw OperatorError(
        "the processor went on while what it had published was being read; stop the traffic or the "
          + "processor, then verify again")
    }
    try readInputs(bounds, processed, count)
    try readRekeyed(rekeyed, expectsAll: expectsAll, count)
    var report = verification.finish()
    report.notes = notes + report.notes
    return report
  }

  private func readPublished(_ ends: [TopicPartition: Int64], _ count: () -> Void) throws {
    let topics = configuration.topics
    try read(topics.deadLetters, ends, withHeaders: true) {
      verification.take(deadLetter: $0)
      count()
    }
    try read(topics.lateEvents, ends, withHeaders: true) {
      verification.take(lateEvent: $0)
      count()
    }
    if let accepted = topics.accepted {
      try read(accepted, ends) {
        verification.take(accepted: $0)
        count()
      }
    }
    try read(topics.rollups, ends) { record in
      try forms.withJSON(record) { verification.take(rollup: $0) }
      count()
    }
    try read(topics.attributions, ends) { record in
      try forms.withJSON(record) { verification.take(attribution: $0) }
      count()
    }
  }

  private func readInputs(
    _ bounds: [TopicPartition: Int64], _ processed: [TopicPartition: Int64], _ count: () -> Void
  ) throws {
    for partition in bounds.keys.sorted() where try reader.start(of: partition) > 0 {
      notes.append(
        "the log of \(partition) no longer has its first records; what they counted cannot be "
          + "recomputed")
    }
    for (index, input) in plans.enumerated() {
      var unprocessed: [Int32: Int] = [:]
      try read(input.topic, bounds, withHeaders: input.needsHeaders) { record in
        let partition = TopicPartition(topic: input.topic, partition: record.partition)
        if let committed = processed[partition], record.offset >= committed {
          unprocessed[record.partition, default: 0] += 1
        }
        try verification.take(record, ofInput: index)
        // What is to be read is known in messages.
        if record.number == 0 { count() }
      }
      for (partition, count) in unprocessed.sorted(by: { $0.key < $1.key }) {
        verification.note(unprocessed: count, of: "\(input.topic)[\(partition)]")
      }
    }
  }

  /// Reads the topics that are re-keyed, as far as they have been, and what they were passed on to.
  private func readRekeyed(
    _ done: [TopicPartition: Int64], expectsAll: Bool, _ count: () -> Void
  ) throws {
    guard !rekeyedPlans.isEmpty else { return }
    let bounds = expectsAll ? try quiescence.sourceEnds() : done
    for partition in bounds.keys.sorted() where try reader.start(of: partition) > 0 {
      notes.append(
        "the log of \(partition) no longer has its first records; what was passed on of them shows as a "
          + "difference")
    }
    for (index, plan) in rekeyedPlans.enumerated() {
      var unprocessed: [Int32: Int] = [:]
      try read(plan.topic, bounds, withHeaders: plan.needsHeaders) { record in
        let partition = TopicPartition(topic: plan.topic, partition: record.partition)
        if record.offset >= done[partition] ?? 0 {
          unprocessed[record.partition, default: 0] += 1
        }
        try verification.take(record, ofRekeyed: index)
        count()
      }
      for (partition, count) in unprocessed.sorted(by: { $0.key < $1.key }) {
        verification.note(unprocessed: count, of: "\(plan.topic)[\(partition)]")
      }
    }
    let ends = try quiescence.inputEnds()
    for plan in plans where plan.isKeyed {
      try read(plan.topic, ends) {
        verification.take(passedOn: $0, of: plan.kinds[0])
        if $0.number == 0 { count() }
      }
    }
  }

  private func read(
    _ topic: String, _ ends: [TopicPartition: Int64], withHeaders: Bool = false,
    _ body: (LoggedRecord) throws -> Void
  ) throws {
    try reader.read(through: ends.filter { $0.key.topic == topic }) { _, record in
      try body(LoggedRecord(record, withHeaders: withHeaders))
      return true
    }
  }
}
