import Configuration
import Glibc
import Kafka
import Logging

/// Asks a cluster everything that `run` will ask it, one thing at a time, and says what it would not get.
///
/// Rights are tried, since only the brokers know them: inputs are read at their ends, and a record is written to
/// each output in a transaction that is aborted.
public struct ClusterCheck {
  /// What one question found.
  public struct Finding: Sendable, Equatable {
    public enum Outcome: String, Sendable {
      case passed = "ok"
      case warned = "warning"
      case failed = "error"
    }

    public var outcome: Outcome
    /// What was looked at: `topics`, `read clicks`.
    public var subject: String
    public var detail: String

    public init(outcome: Outcome, subject: String, detail: String) {
      self.outcome = outcome
      self.subject = subject
      self.detail = detail
    }
  }

  private let configuration: Configuration
  private let logger: Logger
  /// Further apart than this, clocks are named.
  private static let tolerableSkew: Int64 = 2_000

  public init(_ configuration: Configuration, logger: Logger) {
    self.configuration = configuration
    self.logger = logger
  }

  /// Everything, in the order of a start; ends early where no broker answers.
  public func run() throws -> [Finding] {
    var findings = SchemaCheck(configuration).findings()
    let admin = try AdminClient(ClientSettings.common(configuration), logger: logger)
    do throws(KafkaError) {
      let brokers = try admin.brokers(timeoutMilliseconds: CallTimeout.call)
      findings.append(
        Finding(
          outcome: .passed, subject: "brokers",
          detail: "\(brokers.count): \(brokers.values.sorted().joined(separator: ", "))"))
    } catch {
      return findings + [Finding(outcome: .failed, subject: "brokers", detail: "\(error)")]
    }
    let preflight = try Preflight(configuration, logger: logger)
    let facts = try preflight.facts()
    findings.append(
      attempt("topics", "\(facts.count), with partition counts that fit") {
        _ = try preflight.plan(facts)
      })
    findings += TopicCheck.findings(facts, configuration).map {
      Finding(
        outcome: $0.severity == .refused ? .failed : .warned, subject: "topic \($0.topic)",
        detail: $0.problem)
    }
    for topic in facts { findings.append(reading(topic.name)) }
    for (stage, topic) in groups { findings.append(group(stage, topic, facts)) }
    findings += writing(facts.filter { $0.role != .input })
    return findings
  }

  private func attempt(_ subject: String, _ passed: String, _ body: () throws -> Void) -> Finding {
    do {
      try body()
      return Finding(outcome: .passed, subject: subject, detail: passed)
    } catch {
      return Finding(
        outcome: .failed, subject: subject, detail: MissingRight.text(of: error, configuration))
    }
  }

  /// Reads a topic's first partition at its end: what comes is the end, or the reason why not.
  private func reading(_ topic: String) -> Finding {
    attempt("read \(topic)", "allowed") {
      let consumer = try Consumer(ClientSettings.consumer(configuration), logger: logger)
      defer { consumer.close(timeoutMilliseconds: 0) }
      let partition = TopicPartition(topic: topic, partition: 0)
      let end = try consumer.endOffsets([partition], timeoutMilliseconds: CallTimeout.call)
      _ = try read(consumer, partition, from: end[partition] ?? 0)
    }
  }

  /// Reads from an offset until a record or the end of the log comes; the record's timestamp.
  private func read(
    _ consumer: Consumer, _ partition: TopicPartition, from offset: Int64
  ) throws -> Int64? {
    try consumer.assign([(partition, offset: offset)])
    guard let queue = consumer.queue(for: partition) else { return nil }
    let batch = RecordBatch(capacity: 1)
    let began = ContinuousClock.now
    while began.duration(to: .now) < .milliseconds(Int64(CallTimeout.call)) {
      try consumer.poll()
      if try queue.read(into: batch) > 0 { return batch[0].timestamp }
      if batch.endOffset != nil { return nil }
      consumer.wait(timeoutMilliseconds: 50)
    }
    throw OperatorError("no answer within \(CallTimeout.call / 1_000) s")
  }

  /// The consumer groups of the stages, with a topic that each reads.
  private var groups: [(stage: String, topic: String?)] {
    var groups: [(String, String?)] = [
      ("attribution", configuration.inputTopics.first?.name),
      ("rollups", configuration.deltasTopic),
    ]
    if let source = configuration.rekeyedTopics.first { groups.append(("rekey", source.name)) }
    return groups
  }

  private func group(_ stage: String, _ topic: String?, _ facts: [TopicFacts]) -> Finding {
    let name = "\(configuration.applicationID)-\(stage)"
    return attempt("group \(name)", "allowed") {
      guard let topic, facts.contains(where: { $0.name == topic }) else { return }
      var settings = ClientSettings.consumer(configuration)
      settings["group.id"] = name
      let consumer = try Consumer(settings, logger: logger)
      defer { consumer.close(timeoutMilliseconds: 0) }
      _ = try consumer.committed(
        [TopicPartition(topic: topic, partition: 0)], timeoutMilliseconds: CallTimeout.call)
    }
  }

  /// Writes a record to each topic in a transaction of its own that is aborted, and compares clocks where the brokers
  /// stamp records.
  private func writing(_ topics: [TopicFacts]) -> [Finding] {
    var settings = ClientSettings.producer(configuration)
    let id = "\(configuration.applicationID)-check-\(getpid())"
    settings["transactional.id"] = id
    var findings: [Finding] = []
    do {
      let producer = try TransactionalProducer(settings, logger: logger)
      defer { producer.close() }
      let opening = attempt("transactions of \(configuration.applicationID)-*", "allowed") {
        try producer.initTransactions(timeoutMilliseconds: CallTimeout.initialization)
      }
      findings.append(opening)
      guard opening.outcome == .passed else { return findings }
      for topic in topics {
        var skew: Int64?
        let finding = attempt("write \(topic.name)", "allowed, in a transaction that was aborted") {
          skew = try write(topic, producer)
        }
        findings.append(finding)
        if let skew { findings.append(clock(skew)) }
      }
    } catch {
      findings.append(Finding(outcome: .failed, subject: "producer", detail: "\(error)"))
    }
    return findings
  }

  /// - Returns: how far this machine's clock is ahead of the broker's, in milliseconds; nil where the topic does not
  ///   tell.
  private func write(_ topic: TopicFacts, _ producer: TransactionalProducer) throws -> Int64? {
    let partition = TopicPartition(topic: topic.name, partition: 0)
    let isStamped = topic.settings?["message.timestamp.type"] == "LogAppendTime"
    let reader =
      isStamped ? try Consumer(ClientSettings.probe(configuration), logger: logger) : nil
    defer { reader?.close(timeoutMilliseconds: 0) }
    let end = try reader?.endOffsets([partition], timeoutMilliseconds: CallTimeout.call)[partition]
    try producer.begin()
    let before = Self.wallClock()
    do {
      try Array("@check".utf8).withUnsafeBytes {
        try producer.produce(try producer.topic(topic.name), partition: 0, key: $0, value: nil)
      }
      try producer.flush(timeoutMilliseconds: CallTimeout.call)
    } catch {
      try? producer.abort(timeoutMilliseconds: CallTimeout.call)
      throw error
    }
    let after = Self.wallClock()
    defer { try? producer.abort(timeoutMilliseconds: CallTimeout.call) }
    guard let reader, let end, let stamp = try read(reader, partition, from: end) else {
      return nil
    }
    // Somewhere between the two.
    return stamp < before ? before - stamp : stamp > after ? after - stamp : 0
  }

  /// Milliseconds since the epoch.
  private static func wallClock() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
  }

  private func clock(_ skew: Int64) -> Finding {
    let words = "\(abs(skew)) ms \(skew < 0 ? "behind" : "ahead of") the brokers'"
    return abs(skew) <= Self.tolerableSkew
      ? Finding(outcome: .passed, subject: "clock", detail: skew == 0 ? "as the brokers'" : words)
      : Finding(
        outcome: .warned, subject: "clock",
        detail: words + "; synchronise it: events that seem to be of the future are dead letters")
  }
}
