import Attribution
import Kafka

/// What a worker has done since it was made. All of it only grows.
public struct WorkerCounters: Sendable {
  /// What became of a transaction.
  public enum TransactionResult: String, Sendable, CaseIterable {
    case committed
    case aborted
    /// The broker did not say; its successor's start has ended it, and the work was done again.
    case unknown
    /// The worker could not go on and was built again.
    case failed

    /// What becomes of a transaction after an error with this recovery.
    init(after recovery: KafkaError.Recovery?) {
      switch recovery {
      case .abortTransaction: self = .aborted
      case .renewProducer, .retry: self = .unknown
      default: self = .failed
      }
    }
  }

  /// Records that cannot be used, as their dead letters say.
  public struct Unusable: Sendable, Hashable {
    public var topic: String
    public var reason: String
    /// Empty where the fault is the record's.
    public var field: String

    public init(topic: String, reason: String, field: String) {
      self.topic = topic
      self.reason = reason
      self.field = field
    }
  }

  /// Committed dead letters.
  public var unusable: [Unusable: Int] = [:]
  /// Committed records, by input and outcome.
  public var records: [String: InputCounts] = [:]
  /// Of topics that are re-keyed: records passed on, and dead letters.
  public var rekeyed: [String: RekeyCounts] = [:]
  public var transactions: [TransactionResult: Int] = [:]
  /// From the first effect written to the commit's confirmation.
  public var transactionTime = Histogram(bounds: [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
  ])
  /// From partitions assigned to state read back.
  public var restoreTime = Histogram(bounds: [0.1, 0.5, 1, 5, 15, 30, 60, 120, 300, 900])

  /// Entries of state that were restored from the state topic, and from copies on this machine.
  public var entriesFromTopic = 0
  public var entriesFromCopies = 0

  /// From an event's acceptance by its task to the commit of a rollup that counts it. Clocks of two
  /// machines, where the stages run apart.
  public var endToEndTime = Histogram(bounds: [0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 30, 60, 300])
  public var rollupsPublished = 0
  /// How long before the newest final window those windows had ended that were published again after
  /// they were final, in event time. Its count is the number of restatements.
  public var restatementAge = Histogram(bounds: [
    60, 300, 900, 3_600, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800,
  ])

  /// Conversions when first published, with an eligible touch and without.
  public var attributedConversions = 0
  public var unattributedConversions = 0
  /// Conversions published again because a touch came late, or another version.
  public var correctedConversions = 0

  public init() {}

  mutating func add(_ other: WorkerCounters) {
    for (topic, counts) in other.records { records[topic, default: InputCounts()].add(counts) }
    for (topic, counts) in other.rekeyed { rekeyed[topic, default: RekeyCounts()].add(counts) }
    unusable.merge(other.unusable, uniquingKeysWith: +)
    for (result, count) in other.transactions { transactions[result, default: 0] += count }
    transactionTime.add(other.transactionTime)
    restoreTime.add(other.restoreTime)
    entriesFromTopic += other.entriesFromTopic
    entriesFromCopies += other.entriesFromCopies
    endToEndTime.add(other.endToEndTime)
    rollupsPublished += other.rollupsPublished
    restatementAge.add(other.restatementAge)
    attributedConversions += other.attributedConversions
    unattributedConversions += other.unattributedConversions
    correctedConversions += other.correctedConversions
  }
}
