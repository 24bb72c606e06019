import Attribution
import Cluster
import Codec
import Configuration
import Kafka
import Testing

@testable import Pipeline
@testable import TestKit
@testable import Traffic

/// What a take-over compares, and what becomes of tasks that cannot be taken over now, or not at all.
@Suite struct TakeOverTests {
  static let clicks = TopicPartition(topic: "clicks", partition: 1)

  // MARK: The comparison

  struct Case: Sendable, CustomTestStringConvertible {
    var remembered: Int64?
    var committed: Int64?
    var start: Int64
    var end: Int64
    var expected: InputStart?
    var testDescription: String {
      "state \(remembered ?? -1), group \(committed ?? -1), log \(start) to \(end)"
    }
  }

  static let cases = [
    // The first start of all: what retention removed before is nobody's loss.
    Case(start: 7, end: 9, expected: .at(7)),
    Case(committed: 0, start: 7, end: 9, expected: .at(7)),
    Case(remembered: 5, committed: 5, start: 0, end: 9, expected: .at(5)),
    Case(remembered: 9, committed: 9, start: 9, end: 9, expected: .at(9)),
    // Offsets have expired.
    Case(remembered: 5, start: 5, end: 9, expected: .at(5)),
    // Input was deleted before it was read.
    Case(remembered: 5, committed: 5, start: 8, end: 9, expected: .behind(lost: 5..<8)),
    Case(remembered: 5, start: 6, end: 6, expected: .behind(lost: 5..<6)),
    Case(remembered: 0, committed: 0, start: 2, end: 9, expected: .behind(lost: 0..<2)),
    // State deleted; offsets moved; topic made anew or cut short.
    Case(committed: 5, start: 0, end: 9),
    Case(remembered: 5, committed: 4, start: 0, end: 9),
    Case(remembered: 5, committed: 6, start: 0, end: 9),
    Case(remembered: 5, committed: 0, start: 0, end: 9),
    Case(remembered: 5, committed: 5, start: 0, end: 4),
    Case(remembered: 5, start: 0, end: 0),
  ]

  @Test(arguments: cases) func threeWitnessesDecideWhereAnInputBegins(_ given: Case) throws {
    func decide() throws(OperatorError) -> InputStart {
      try InputStart.decide(
        TakeOverTests.clicks, remembered: given.remembered, committed: given.committed,
        LogBounds(start: given.start, stableEnd: given.end, end: given.end), group: "group",
        state: "state")
    }
    if let expected = given.expected {
      #expect(try decide() == expected)
    } else {
      let error = #expect(throws: OperatorError.self) { try decide() }
      #expect(error?.description.contains("clicks[1]") == true)
      #expect(error?.description.contains("`tributary reset`") == true)
    }
  }

  @Test func aCheckpointIsReadBackAsItWasWritten() throws {
    let definitions = Definitions()
    let last = RecordFingerprint(offset: 8, timestamp: -1, hash: 7)
    let lost = LostRange(
      topic: "clicks", partition: 1, from: 3, to: 5, after: 17, before: nil)
    let checkpoint = TaskCheckpoint(
      secret: Array(0..<32), partitionCount: 4,
      inputs: [
        InputPosition(topic: "clicks", position: 9, last: last),
        InputPosition(topic: "conversions", position: 0),
      ], lost: [lost])
    let task = AttributionTask(
      definitions: definitions, kinds: [.click, .conversion], secret: .test)
    let record = ProgressRecord(task.progress, checkpoint, serial: 3, definitions.fingerprint)
    let bytes = record.bytes
    let read = try bytes.withUnsafeBytes {
      try ProgressRecord($0, under: definitions.fingerprint, topic: "state")
    }
    #expect(read.checkpoint == checkpoint && read.serial == 3)
    for length in 0..<bytes.count {
      #expect(throws: OperatorError.self) {
        try bytes[..<length].withUnsafeBytes {
          _ = try ProgressRecord($0, under: definitions.fingerprint, topic: "state")
        }
      }
    }
    var former = bytes
    former[0] = 3
    let error = #expect(throws: OperatorError.self) {
      try former.withUnsafeBytes {
        _ = try ProgressRecord($0, under: definitions.fingerprint, topic: "state")
      }
    }
    #expect(error?.description.contains("unknown format") == true)
  }

  @Test func manyLostRangesAreToldAsFewer() {
    var checkpoint = TaskCheckpoint()
    for number in 0..<250 {
      let from = Int64(number) * 10
      checkpoint.add(
        LostRange(
          topic: number % 2 == 0 ? "clicks" : "conversions", partition: 0, from: from, to: from + 1,
          after: from, before: from + 5))
    }
    #expect(checkpoint.lost.count == 100)
    #expect(checkpoint.lost.map(\.to).max() == 2_491)
    #expect(checkpoint.lost.map(\.from).min() == 0)
  }

  // MARK: Stories

  @Test func aPartitionWithoutLeaderHoldsUpItsOwnTaskOnly() throws {
    let simulation = Simulation(PipelineTests.definitions, seed: 1, attributionWorkers: 1)
    for record in TrafficGenerator(PipelineTests.traffic(9)) { simulation.append(record) }
    let dark = TakeOverTests.clicks
    simulation.log.removeLeader(of: dark, milliseconds: 3_600_000)
    let worker = simulation.workers.attribution[0]
    simulation.start(worker)
    for _ in 0..<2_000 { #expect(simulation.step(worker)) }
    func committed(_ partition: Int32) -> Int64? {
      simulation.log.committed(
        TopicPartition(topic: "clicks", partition: partition), by: "tributary-attribution")
    }
    #expect(committed(0) ?? 0 > 0 && committed(2) ?? 0 > 0)
    #expect(committed(1) == nil)
    simulation.clock.advance(3_600_000)
    try simulation.runToEnd()
    let report = simulation.verify()
    #expect(report.differences.agrees, "\(report.differences)")
    #expect(committed(1) ?? 0 > 0)
  }

  @Test(arguments: [LostInputPolicy.stop, .continue])
  func inputThatWasDeletedUnreadStopsTheRunOrIsPutDown(_ policy: LostInputPolicy) throws {
    let simulation = Simulation(PipelineTests.definitions, seed: 1, onLostInput: policy)
    let records = Array(TrafficGenerator(PipelineTests.traffic(9)))
    for record in records.prefix(700) { simulation.append(record) }
    try simulation.runToEnd()
    for record in records.dropFirst(700) { simulation.append(record) }
    let group = "tributary-attribution"
    let committed = try #require(simulation.log.committed(TakeOverTests.clicks, by: group))
    let end = simulation.log.end(of: TakeOverTests.clicks)
    let bound = committed + (end - committed) / 2
    #expect(bound > committed)
    try simulation.log.deleteRecords(before: [TakeOverTests.clicks: bound])
    if policy == .stop {
      let error = #expect(throws: SimulationFailure.self) { try simulation.runToEnd() }
      let text = error?.description ?? ""
      #expect(
        text.contains("clicks[1] begins at offset \(bound), but was processed to \(committed)"))
      #expect(text.contains("\(bound - committed) records") && text.contains("on_lost_input"))
      #expect(simulation.log.committed(TakeOverTests.clicks, by: group) == committed)
      return
    }
    try simulation.runToEnd()
    // Once more: what was lost is remembered, and counted once.
    try simulation.runToEnd()
    #expect(simulation.lostInput.count == 1)
    let lost = try #require(simulation.lostInput.first)
    #expect(lost.topic == "clicks" && lost.partition == 1)
    #expect(lost.from == committed && lost.to == bound)
    let (after, before) = (try #require(lost.after), try #require(lost.before))
    #expect(records.contains { $0.timestamp == before } && after > 0)
    let report = simulation.verify()
    #expect(report.differences.agrees, "\(report.differences)")
  }

  @Test func aTopicThatGrowsUnderARunningProcessorStopsIt() throws {
    let simulation = Simulation(
      PipelineTests.definitions, seed: 1, partitions: 2, isStatic: false)
    for record in TrafficGenerator(PipelineTests.traffic(9)).prefix(300) {
      simulation.append(record)
    }
    for slot in simulation.workers.all { simulation.start(slot) }
    for _ in 0..<200 { for slot in simulation.workers.all { simulation.step(slot) } }
    for input in simulation.configuration.inputTopics { simulation.log.grow(input.name, to: 4) }
    // A member that comes back sees the topics as they are now.
    simulation.stop(simulation.workers.attribution[0])
    simulation.start(simulation.workers.attribution[0])
    for _ in 0..<3_000 where simulation.failure == nil {
      for slot in simulation.workers.all { simulation.step(slot) }
      simulation.clock.advance(50)
    }
    #expect(simulation.failure?.contains("partitions, but had 2") == true)
    #expect(simulation.failure?.contains("new application_id") == true)
  }

  @Test func aTaskThatIsSplitBetweenMembersIsNotProcessedByEither() throws {
    let simulation = Simulation(
      PipelineTests.definitions, seed: 1, partitions: 2, attributionWorkers: 2)
    for record in TrafficGenerator(PipelineTests.traffic(9)) { simulation.append(record) }
    var narrow = simulation.configuration
    narrow.topics.impressions = nil
    let (wide, other) = (simulation.workers.attribution[0], simulation.workers.attribution[1])
    simulation.hooks.configurationOf = { $0 === other ? narrow : nil }
    simulation.start(wide)
    simulation.start(other)
    for _ in 0..<2_000 { for slot in [wide, other] { simulation.step(slot) } }
    #expect(simulation.failure == nil && wide.isRunning && other.isRunning)
    guard case .attribution(let worker) = wide.worker else { return }
    #expect(worker.obstacles.contains { $0.contains("is not processed") })
    func committed(_ topic: String, _ partition: Int32) -> Int64 {
      simulation.log.committed(
        TopicPartition(topic: topic, partition: partition), by: "tributary-attribution") ?? 0
    }
    // The partition whose clicks went to the other member: its impressions wait.
    #expect(committed("impressions", 0) == 0 || committed("impressions", 1) == 0)
    for number in Int32(0)..<2 where committed("impressions", number) > 0 {
      #expect(committed("clicks", number) > 0 && committed("conversions", number) > 0)
    }
  }

  @Test func otherInputsThanBeforeAreRefused() throws {
    let simulation = Simulation(PipelineTests.definitions, seed: 1)
    for record in TrafficGenerator(PipelineTests.traffic(9)).prefix(200) {
      simulation.append(record)
    }
    try simulation.runToEnd()
    var narrow = simulation.configuration
    narrow.topics.impressions = nil
    simulation.hooks.configurationOf = { _ in narrow }
    let error = #expect(throws: SimulationFailure.self) { try simulation.runToEnd() }
    #expect(
      error?.description.contains(
        "the inputs are clicks, conversions, but were impressions, clicks, conversions") == true)
  }

  @Test func aPartitionOfTheRollupsKeepsItsEpochAndATaskItsSecret() throws {
    let simulation = Simulation(PipelineTests.definitions, seed: 1, rollupPartitions: 1)
    let records = Array(TrafficGenerator(PipelineTests.traffic(9)))
    func run(
      _ part: some Sequence<GeneratedRecord>
    ) throws -> (epochs: Set<String>, secrets: [String: Set<[UInt8]>]) {
      for record in part { simulation.append(record) }
      try simulation.runToEnd()
      var epochs: Set<String> = []
      simulation.log.forEachRecord(of: "rollups") { record in
        guard let key = record.key, ProgressCodec.decodeKey(key) != nil else { return }
        if let epoch = try? ProgressCodec.progress(record.value!).epoch { epochs.insert(epoch) }
      }
      var secrets: [String: Set<[UInt8]>] = [:]
      simulation.log.forEachRecord(of: "tributary-state") { record in
        guard let key = record.key, Changelog.isProgress(key) else { return }
        let progress = try? ProgressRecord(
          record.value!, under: PipelineTests.definitions.fingerprint, topic: "state")
        let task = "\(String(decoding: key, as: UTF8.self)) \(record.partition)"
        if let secret = progress?.checkpoint.secret { secrets[task, default: []].insert(secret) }
      }
      return (epochs, secrets)
    }
    let first = try run(records.prefix(700))
    let second = try run(records.dropFirst(700))
    #expect(first.epochs.count == 1 && second.epochs == first.epochs)
    #expect(first.epochs.first?.utf8.count == 32)
    // Each task has one, and none has another's.
    #expect(second.secrets.values.allSatisfy { $0.count == 1 })
    let secrets = second.secrets.values.compactMap(\.first)
    #expect(Set(secrets).count == second.secrets.count && second.secrets.count >= 4)
    #expect(secrets.allSatisfy { $0.count == TaskCheckpoint.secretLength })
    for (task, secret) in first.secrets { #expect(second.secrets[task] == secret) }
  }

  @Test func stepsOutsideTheLifeCycleAreNoSteps() {
    var state = TaskState.created
    for next in [TaskState.restoring, .running, .suspended, .restoring, .running, .closed] {
      state.move(to: next)
      #expect(state == next)
    }
  }
}
