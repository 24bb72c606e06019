import Attribution
import Codec
import History
import Inputs
import Kafka
import Verification

/// Why a simulation has failed.
package struct SimulationFailure: Error, CustomStringConvertible {
  package let description: String

  init(_ description: String) { self.description = description }
}

extension Simulation {
  /// Turns after which a run that has not come to its end never will.
  private static let longestEnd = 20_000

  /// Has every worker read what its inputs hold now to its end, close every window, and leave.
  /// Starts those that are missing, and those that fail on the way.
  package func runToEnd() throws {
    for slot in workers.rekeyers { stop(slot) }
    if !workers.rekeyers.isEmpty {
      try drive(
        "sources", workers.rekeyers, alongside: workers.attribution + workers.rollups)
    }
    for slot in workers.rekeyers { stop(slot) }
    for slot in workers.attribution { stop(slot) }
    try drive("inputs", workers.attribution, alongside: workers.rollups)
    for slot in workers.attribution { stop(slot) }
    for slot in workers.rollups { finish(slot) }
    try drive("deltas", workers.rollups, alongside: [])
    for slot in workers.rollups { stop(slot) }
  }

  /// Steps workers until all of `stage` are done, and their group is.
  private func drive(
    _ what: String, _ stage: [WorkerSlot], alongside others: [WorkerSlot]
  ) throws {
    for turn in 0..<Simulation.longestEnd {
      if let failure { throw SimulationFailure(failure) }
      clock.advance(5)
      for slot in stage + others {
        if slot.isRunning {
          step(slot)
        } else {
          let isOfStage = slot.stage == stage[0].stage
          start(slot, stopsAtEnd: isOfStage)
          if isOfStage { finish(slot) }
        }
      }
      if turn % 4 == 0, isFinished(stage) { return }
    }
    throw SimulationFailure("the \(what) never come to their end")
  }

  private func finish(_ slot: WorkerSlot) {
    guard let worker = slot.worker else { return }
    run(slot) { worker.finish() }
  }

  private func isFinished(_ stage: [WorkerSlot]) -> Bool {
    // A member that died unnoticed may own a task that nobody has closed.
    let group = "\(configuration.applicationID)-\(stage[0].stage)"
    guard log.isSettled(group, members: stage.count),
      stage.allSatisfy({ $0.worker?.isFinished ?? false })
    else { return false }
    var isGroupFinished = false
    run(stage[0]) { isGroupFinished = try stage[0].worker!.isGroupFinished() }
    return isGroupFinished
  }

  // MARK: What was published

  /// Recomputes from the input topics what should have been published, and compares.
  ///
  /// - Parameter definitions: what the oracle goes by; nil for the simulation's own.
  package func verify(under definitions: Definitions? = nil) -> VerificationReport {
    let topics = configuration.topics
    // A form of the simulation's own, without schemas.
    let plans = try! InputPlans(configuration).plans(in: plan)
    var verification = VerificationPass(
      definitions: definitions ?? configuration.definitions,
      inputs: plans.map { .init($0) },
      rekeyed: rekeyedPlans,
      outputs: .init(
        rollups: topics.rollups, attributions: topics.attributions,
        deadLetters: topics.deadLetters, lateEvents: topics.lateEvents,
        accepted: topics.accepted), limit: 8)
    log.forEachRecord(of: topics.deadLetters) {
      verification.take(deadLetter: LoggedRecord($0, withHeaders: true))
    }
    log.forEachRecord(of: topics.lateEvents) {
      verification.take(lateEvent: LoggedRecord($0, withHeaders: true))
    }
    log.forEachRecord(of: topics.rollups) { record in
      // The registry, where there is one, has been asked already.
      try! output.forms.withJSON(LoggedRecord(record)) { verification.take(rollup: $0) }
    }
    log.forEachRecord(of: topics.attributions) { record in
      try! output.forms.withJSON(LoggedRecord(record)) { verification.take(attribution: $0) }
    }
    if let accepted = topics.accepted {
      log.forEachRecord(of: accepted) { verification.take(accepted: LoggedRecord($0)) }
    }
    if let backfills = try? BackfillLedger(configuration, from: log) {
      verification.take(backfills: backfills)
    }
    let lost = lostInput
    verifyRekeying(&verification, lost)
    for (index, input) in plans.enumerated() {
      forEachInput(input) { record in
        let isLost = lost.contains {
          $0.topic == input.topic && $0.partition == record.partition
            && $0.from <= record.offset && record.offset < $0.to
        }
        if !isLost {
          try! verification.take(
            LoggedRecord(record, withHeaders: input.needsHeaders), ofInput: index)
        }
      }
    }
    for name in inputPartitions {
      let committed = log.committed(name, by: "\(configuration.applicationID)-attribution") ?? 0
      verification.note(unprocessed: Int(log.end(of: name) - committed), of: "\(name)")
    }
    return verification.finish()
  }

  /// Every record of an input that the tasks read that was ever there.
  private func forEachInput(_ input: InputPlan, _ body: (Record) -> Void) {
    for number in 0..<Int32(log.partitionCount(of: input.topic)) {
      let name = TopicPartition(topic: input.topic, partition: number)
      if input.isKeyed {
        forEachPassedOn(name, body)
      } else {
        log.forEachRecordEver(of: name, body)
      }
    }
  }

  private func verifyRekeying(_ verification: inout VerificationPass, _ lost: Set<LostRange>) {
    for (index, source) in rekeyedPlans.enumerated() {
      log.forEachRecordEver(of: source.plan.topic) { record in
        let isLost = lost.contains {
          $0.topic == source.plan.topic && $0.partition == record.partition
            && $0.from <= record.offset && record.offset < $0.to
        }
        if !isLost {
          try! verification.take(
            LoggedRecord(record, withHeaders: source.plan.needsHeaders), ofRekeyed: index)
        }
      }
    }
    for rekeying in plan.rekeyings {
      for number in 0..<Int32(log.partitionCount(of: rekeying.target)) {
        forEachPassedOn(TopicPartition(topic: rekeying.target, partition: number)) {
          verification.take(passedOn: LoggedRecord($0), of: rekeying.kind)
        }
      }
    }
    for name in sourcePartitions {
      let committed = log.committed(name, by: "\(configuration.applicationID)-rekey") ?? 0
      verification.note(unprocessed: Int(log.end(of: name) - committed), of: "\(name)")
    }
  }

  /// Input that was gone before it was read, as the rollups topic says.
  package var lostInput: Set<LostRange> {
    var latest: [Int32: [LostRange]] = [:]
    log.forEachRecord(of: configuration.topics.rollups) { record in
      guard let key = record.key, let partition = ProgressCodec.decodeKey(key),
        let value = record.value, let progress = try? output.forms.progress(value)
      else { return }
      latest[partition] = progress.lost
    }
    return Set(latest.values.joined())
  }

  /// The latest of every rollup, as readers see it.
  package func rollupsOnTopic() -> [RollupKey: Rollup] {
    var rollups: [RollupKey: Rollup] = [:]
    forEachRollup { rollups[$0.key] = $0 }
    return rollups
  }

  /// Every revision of every rollup in the topic, in the order of its partition.
  package func forEachRollup(_ body: (Rollup) -> Void) {
    let codec = RollupCodec(definitions: configuration.definitions)
    log.forEachRecord(of: configuration.topics.rollups) { record in
      guard let key = record.key, key.first != UInt8(ascii: "@"), let value = record.value,
        let rollup = try? output.forms.rollup(value, codec)
      else { return }
      body(rollup)
    }
  }

  private var inputPartitions: [TopicPartition] {
    configuration.inputTopics.flatMap { input in
      (0..<Int32(log.partitionCount(of: input.name))).map {
        TopicPartition(topic: input.name, partition: $0)
      }
    }
  }
}
