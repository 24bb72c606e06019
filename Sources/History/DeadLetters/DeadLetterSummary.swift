import Attribution
import Cluster
import Codec
import Configuration
import Kafka
import Pipeline

/// What is in the dead letters: how many by topic, reason and field, when, and an example of each.
///
/// Holds a row per combination of the three and of times, not the records.
public struct DeadLetterSummary: Sendable {
  /// What dead letters are grouped by.
  public struct Group: Hashable, Sendable {
    public var topic: String
    public var reason: String
    /// nil where the fault is the record's.
    public var field: String?
  }

  public struct Row: Sendable {
    public var count = 0
    /// Of them, how many have been sent through again.
    public var replayed = 0
    /// Timestamps of the first and the last; nil where records have none.
    public var times: ClosedRange<Milliseconds>?
    /// The latest that has not been sent through again, or else the latest.
    public var example: Example

    mutating func add(_ letter: DeadLetter, wasReplayed: Bool) {
      count += 1
      if wasReplayed { replayed += 1 }
      guard let time = letter.time else { return }
      times = min(times?.lowerBound ?? time, time)...max(times?.upperBound ?? time, time)
    }
  }

  public struct Example: Sendable {
    /// Where the record was in its topic.
    public var source: TopicPartition
    public var offset: Int64
    public var detail: String?
    /// The first bytes of its value; nil unless they are wanted, and for a record without value.
    public var value: [UInt8]?
    fileprivate var wasReplayed: Bool
  }

  /// How much of an example's value is shown, in bytes.
  public static let longestValue = 2_048
  /// So many groups are listed; the topics and reasons are few, but whoever writes to the topic chooses its headers.
  private static let mostGroups = 1_000
  /// So many hours or days: records carry what time their writer likes.
  private static let mostTimes = 10_000

  public private(set) var rows: [Group: Row] = [:]
  /// By the first instant of the time that a dead letter belongs to, and reason.
  public private(set) var byTime: [Milliseconds: [String: Int]] = [:]
  public private(set) var total = 0
  public private(set) var replayed = 0
  /// Records that have no timestamp, or whose group is not listed.
  public private(set) var unlisted = 0

  /// Reads the dead letters.
  ///
  /// - Parameters:
  ///   - showsValues: whether examples have values: they may hold what is not everybody's to read.
  ///   - time: the first instant of the hour or day that an instant belongs to.
  public init(
    _ configuration: Configuration, from log: any ArchiveLog, _ filter: DeadLetterFilter,
    showsValues: Bool, time: (Milliseconds) -> Milliseconds
  ) throws {
    let topic = configuration.topics.deadLetters
    let replays = try ReplayLedger(configuration, from: log)
    for partition in try log.partitions(of: topic) {
      let done = try replays.replayed(of: partition, in: log)
      try log.readThrough(partition) { record in
        guard let letter = DeadLetter(record, topic: topic), filter.contains(letter) else { return }
        add(letter, done.contains(Int(letter.offset)), showsValues, time)
      }
    }
  }

  private mutating func add(
    _ letter: DeadLetter, _ wasReplayed: Bool, _ showsValues: Bool,
    _ time: (Milliseconds) -> Milliseconds
  ) {
    total += 1
    if wasReplayed { replayed += 1 }
    let group = Group(topic: letter.source.topic, reason: letter.reason, field: letter.field)
    guard rows[group] != nil || rows.count < Self.mostGroups else {
      unlisted += 1
      return
    }
    if let start = letter.time.map(time), byTime[start] != nil || byTime.count < Self.mostTimes {
      byTime[start, default: [:]][letter.reason, default: 0] += 1
    }
    let former = rows[group]?.example
    if former.map({ $0.wasReplayed || !wasReplayed }) ?? true {
      let value = showsValues ? letter.value.map { Array($0.prefix(Self.longestValue)) } : nil
      rows[group, default: Row(example: Example(letter, value, wasReplayed))].example = Example(
        letter, value, wasReplayed)
    }
    rows[group]!.add(letter, wasReplayed: wasReplayed)
  }
}

extension DeadLetterSummary.Example {
  fileprivate init(_ letter: DeadLetter, _ value: [UInt8]?, _ wasReplayed: Bool) {
    source = letter.source
    offset = letter.sourceOffset
    detail = letter.detail
    self.value = value
    self.wasReplayed = wasReplayed
  }
}
