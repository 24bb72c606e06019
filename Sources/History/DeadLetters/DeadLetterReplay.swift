import Cluster
import Codec
import Configuration
import Foundation
import Kafka
import Pipeline

/// Sends dead letters through again: to the partition of their topic that they came from, with the bytes and headers
/// that they came with.
///
/// Each once: what has been sent is put down in the transaction that sends it. Of two replays at a time the second
/// fences the first and goes on behind what that has committed.
public struct DeadLetterReplay {
  /// What became of the dead letters that are meant.
  public struct Result: Sendable, Equatable {
    /// By the topic that they went to.
    public var sent: [String: Int] = [:]
    /// Sent by an earlier replay.
    public var sentBefore = 0
    /// Not sent, because something of them is gone: where the first of them are.
    public var cut: [String] = []
    public var cutCount = 0
    /// Not sent, because their topic is no input, or has no such partition: how many, by partition.
    public var strangers: [String: Int] = [:]

    public var sentCount: Int { sent.values.reduce(0, +) }

    fileprivate static let mostListed = 10

    fileprivate mutating func add(cut letter: DeadLetter) {
      cutCount += 1
      guard cut.count < Self.mostListed else { return }
      cut.append("\(letter.source) offset \(letter.sourceOffset)")
    }
  }

  /// Limits of a transaction.
  private static let mostRecords = 10_000
  private static let mostBytes = 8 << 20
  private static let longest = Duration.seconds(2)

  private let configuration: Configuration
  private let log: any ArchiveLog
  private let filter: DeadLetterFilter

  public init(_ configuration: Configuration, log: any ArchiveLog, _ filter: DeadLetterFilter) {
    self.configuration = configuration
    self.log = log
    self.filter = filter
  }

  /// Sends what the dead letters hold now. A dead letter that is refused again comes back as another one, which a
  /// later replay sends again.
  ///
  /// - Parameter isDryRun: find out what would be sent, and send nothing.
  public func run(isDryRun: Bool) throws -> Result {
    var producer: (any LogProducer)?
    if !isDryRun {
      try log.makeCompactedTopic(configuration.backfillsTopic)
      // Ends and fences an earlier replay, before its ledger is read.
      producer = try log.makeProducer(
        transactionalID: "\(configuration.applicationID)-dead-letters")
    }
    defer { producer?.close() }
    let ledger = try ReplayLedger(configuration, from: log)
    let partitions = try log.partitions(of: configuration.topics.deadLetters)
    let ends = try log.ends(of: partitions)
    var result = Result()
    for partition in partitions {
      try run(partition, through: ends[partition] ?? 0, ledger, producer, &result)
    }
    return result
  }

  private func run(
    _ partition: TopicPartition, through end: Int64, _ ledger: ReplayLedger,
    _ producer: (any LogProducer)?, _ result: inout Result
  ) throws {
    let done = try ledger.replayed(of: partition, in: log)
    let counts = try Dictionary(
      configuration.sourceTopics.map { ($0.name, try log.partitionCount(of: $0.name)) }
    ) { $1 }
    var batch = Batch()
    try log.readThrough(partition) { record in
      // Few may be meant of many that are read.
      if let producer, batch.isFull {
        try batch.commit(partition, to: producer, configuration.backfillsTopic)
      }
      guard record.offset < end, let letter = DeadLetter(record, topic: partition.topic),
        filter.contains(letter)
      else { return }
      if done.contains(Int(letter.offset)) {
        result.sentBefore += 1
        return
      }
      if letter.cut != nil { return result.add(cut: letter) }
      guard let count = counts[letter.source.topic], letter.source.partition < count else {
        result.strangers["\(letter.source)", default: 0] += 1
        return
      }
      result.sent[letter.source.topic, default: 0] += 1
      if let producer { try batch.send(letter, RecordFingerprint(record), to: producer) }
    }
    if let producer { try batch.commit(partition, to: producer, configuration.backfillsTopic) }
  }

  /// What goes into one transaction.
  private struct Batch {
    private var offsets = IndexSet()
    private var last: RecordFingerprint?
    private var bytes = 0
    private var began = ContinuousClock.now

    /// Whether nothing more should be added.
    var isFull: Bool {
      offsets.count >= mostRecords || bytes >= mostBytes
        || last != nil && began.duration(to: .now) >= longest
    }

    mutating func send(
      _ letter: DeadLetter, _ fingerprint: RecordFingerprint, to producer: any LogProducer
    ) throws {
      if offsets.isEmpty {
        try producer.begin()
        began = .now
      }
      // As a new record of its topic: the time that it came with may be what was wrong.
      try producer.produce(
        letter.source.topic, partition: letter.source.partition, key: letter.key,
        value: letter.value, timestamp: nil, headers: letter.headers)
      offsets.insert(Int(letter.offset))
      last = fingerprint
      bytes += letter.value?.count ?? 0
    }

    /// Commits what has been sent, with the note that it has been.
    mutating func commit(
      _ partition: TopicPartition, to producer: any LogProducer, _ ledger: String
    ) throws {
      guard let last else { return }
      let entry = ReplayLedger.Entry(
        partition: partition.partition, offsets: offsets, last: last)
      try ReplayLedger.note(entry, to: producer, ledger)
      try producer.commit()
      self = Batch()
    }
  }
}
