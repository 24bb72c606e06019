import Attribution
import Codec
import Configuration
import Kafka
import Logging
import TributaryTestKit

@testable import Pipeline

/// The real workers of both stages over a cluster in memory, stepped in an order drawn from a seed.
final class Simulation {
  let configuration: Configuration
  let plan: TopicPlan
  let log: MemoryLog
  let stateLimit: Int
  var clock: Milliseconds = 1_767_600_000_000
  private(set) var attribution: [AttributionWorker?]
  private(set) var rollups: [RollupWorker?]

  init(
    _ definitions: Definitions, partitions: Int = 3, rollupPartitions: Int = 2, workers: Int = 2,
    stateLimit: Int = .max, log: MemoryLog? = nil
  ) {
    self.stateLimit = stateLimit
    var configuration = Configuration()
    configuration.definitions = definitions
    configuration.instanceID = "sim"
    configuration.commitInterval = 20
    self.configuration = configuration
    plan = TopicPlan(
      inputTopics: configuration.inputTopics, taskCount: Int32(partitions),
      costPartitions: Int32(partitions), rollupPartitions: Int32(rollupPartitions))
    var topics: [String: Int] = [:]
    for topic in configuration.topicRequirements { topics[topic.name] = partitions }
    topics[configuration.topics.rollups] = rollupPartitions
    topics[configuration.deltasTopic] = rollupPartitions
    self.log = log ?? MemoryLog(topics: topics)
    attribution = Array(repeating: nil, count: workers)
    rollups = [nil]
  }

  // MARK: Input

  func append(_ record: GeneratedRecord) {
    let topic = configuration.inputTopics.first { $0.kind == record.kind }!.name
    log.append(topic, key: record.key, value: record.value, timestamp: record.timestamp)
  }

  // MARK: Running

  func startAttribution(_ index: Int, stopsAtEnd: Bool = false) throws {
    let worker = try AttributionWorker(
      configuration: configuration, plan: plan, log: log, index: index, stopsAtEnd: stopsAtEnd,
      stateLimit: stateLimit,
      logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
      now: { [unowned self] in clock })
    attribution[index] = worker
    try worker.start()
  }

  func startRollups(_ index: Int = 0) throws {
    let worker = try RollupWorker(
      configuration: configuration, plan: plan, log: log, index: index,
      logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
      now: { [unowned self] in clock })
    rollups[index] = worker
    try worker.start()
  }

  func stopAttribution(_ index: Int) throws {
    defer { attribution[index] = nil }
    try finishing { try attribution[index]?.stop() }
  }

  func stopRollups(_ index: Int = 0) throws {
    defer { rollups[index] = nil }
    try finishing { try rollups[index]?.stop() }
  }

  /// A worker that stops while its group changes may not commit; its open work is done again.
  private func finishing(_ stop: () throws -> Void) throws {
    do { try stop() } catch KafkaFault.staleGeneration {}
  }

  /// Ends a worker as SIGKILL does; the group notices, as by a session timeout.
  func killAttribution(_ index: Int) {
    attribution[index] = nil
    log.expelMissingMembers()
  }

  func killRollups(_ index: Int = 0) {
    rollups[index] = nil
    log.expelMissingMembers()
  }

  /// One step of one worker; true if it went well. A worker that fails is gone, as a thread that
  /// the processor rebuilds.
  @discardableResult
  func stepAttribution(_ index: Int) -> Bool {
    clock += 7
    guard let worker = attribution[index] else { return false }
    do {
      try worker.step()
      return true
    } catch {
      worker.close()
      attribution[index] = nil
      return false
    }
  }

  @discardableResult
  func stepRollups(_ index: Int = 0) -> Bool {
    clock += 7
    guard let worker = rollups[index] else { return false }
    do {
      try worker.step()
      return true
    } catch {
      worker.close()
      rollups[index] = nil
      return false
    }
  }

  /// Reads everything to its end, closes every window, and stops all workers.
  func runToEnd() throws {
    for index in attribution.indices { try stopAttribution(index) }
    for index in attribution.indices { try startAttribution(index, stopsAtEnd: true) }
    for index in rollups.indices where rollups[index] == nil { try startRollups(index) }
    for _ in 0..<100_000 {
      for index in attribution.indices { try attribution[index]!.step() }
      for index in rollups.indices { try rollups[index]!.step() }
      clock += 7
      if attribution.allSatisfy({ $0!.isFinished }) { break }
    }
    for index in attribution.indices { try stopAttribution(index) }
    for worker in rollups { try worker!.finish() }
    for _ in 0..<100_000 where !rollups.allSatisfy({ $0!.isFinished }) {
      for worker in rollups { try worker!.step() }
      clock += 7
    }
    for index in rollups.indices { try stopRollups(index) }
  }

  // MARK: What was published

  func published() -> (rollups: [RollupKey: Rollup], attributions: [String: OracleAttribution]) {
    var rollups: [RollupKey: Rollup] = [:]
    let codec = RollupCodec(definitions: configuration.definitions)
    log.forEachRecord(of: configuration.topics.rollups) { record, _ in
      guard let key = record.key, key.first != UInt8(ascii: "@"), let value = record.value,
        let rollup = try? codec.decode(value)
      else { return }
      rollups[rollup.key] = rollup
    }
    var attributions: [String: OracleAttribution] = [:]
    log.forEachRecord(of: configuration.topics.attributions) { record, _ in
      guard let value = record.value, let found = try? AttributionCodec.decode(value) else {
        return
      }
      attributions[found.conversionID] = OracleAttribution(
        value: found.value, time: found.time, userID: found.userID,
        touches: found.touches.map {
          OracleTouch(
            kind: $0.kind, time: $0.time, eventID: $0.eventID, campaignID: $0.campaignID,
            channel: $0.channel, adID: $0.adID)
        },
        credits: found.touches.isEmpty
          ? [] : configuration.definitions.models.map { found.credits[$0.rawValue] ?? [] },
        revenues: found.touches.isEmpty
          ? [] : configuration.definitions.models.map { found.revenues[$0.rawValue] ?? [] })
    }
    return (rollups, attributions)
  }

  /// Recomputes from the input topics, leaving out what the late-events topic names.
  func recompute() -> Oracle {
    var tooLate: Set<String> = []
    log.forEachRecord(of: configuration.topics.lateEvents) { _, headers in
      let fields = Dictionary(
        uniqueKeysWithValues: headers.map {
          ($0.name, String(decoding: $0.value ?? [], as: UTF8.self))
        })
      tooLate.insert(
        "\(fields["source_topic"]!)/\(fields["source_partition"]!)/\(fields["source_offset"]!)")
    }
    var oracle = Oracle(definitions: configuration.definitions)
    for input in configuration.inputTopics {
      var decoder = EventDecoder(
        kind: input.kind, currency: configuration.definitions.currency,
        maxFutureSkew: configuration.definitions.maxFutureSkew)
      log.forEachRecord(of: input.name) { record, _ in
        var event = Event(kind: input.kind, time: 0, eventID: .empty, userID: .empty)
        decoder.recycle()
        guard
          decoder.decode(record.value, recordTimestamp: record.timestamp, into: &event) == nil,
          !tooLate.contains("\(input.name)/\(record.partition)/\(record.offset)")
        else { return }
        oracle.add(OracleEvent(event))
      }
    }
    return oracle
  }
}
