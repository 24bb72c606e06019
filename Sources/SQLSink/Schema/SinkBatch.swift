import Attribution
import Codec
import Reporting

/// What one transaction changes: the newest state of every key that was read, and how far was read.
///
/// Records are added in the order of their partitions. A key lives in one partition, so the last that
/// was said of it counts.
public struct SinkBatch: Sendable {
  /// How far a partition has been read: the offset of the next record.
  public struct Step: Equatable, Sendable {
    public let topic: String
    public let partition: Int32
    /// Where reading went on from; nil where there was no saved offset.
    public let from: Int64?
    public let through: Int64
    /// What the partition's content is named by now; nil where nothing new was read of that.
    public let epoch: String?

    public init(
      topic: String, partition: Int32, from: Int64?, through: Int64, epoch: String? = nil
    ) {
      self.topic = topic
      self.partition = partition
      self.from = from
      self.through = through
      self.epoch = epoch
    }
  }

  /// Newest revisions; nil is a rollup that is no more.
  public private(set) var rollups: [RollupKey: Rollup?] = [:]
  /// By the conversion id's bytes, because two spellings of one character are two ids; nil is an
  /// attribution that is no more.
  public private(set) var attributions: [[UInt8]: PublishedAttribution?] = [:]
  /// By partition of the rollups topic.
  public private(set) var finalThrough: [Int32: Milliseconds] = [:]
  /// What the deduped stream changes.
  public private(set) var events = EventChanges()
  public var steps: [Step] = []

  public init() {}

  /// How many shares of conversions the attributions hold.
  private var shareCount = 0

  /// How many keys are changed, and shares with them: by this the size of a batch is limited.
  public var count: Int {
    rollups.count + attributions.count + shareCount + finalThrough.count + events.count
  }

  public mutating func add(_ record: RollupsRecord) {
    switch record {
    case .rollup(let rollup): rollups[rollup.key] = .some(rollup)
    case .deletion(let key): rollups[key] = .some(nil)
    case .progress(let partition, let time, _): finalThrough[partition] = time
    case .other: break
    }
  }

  /// - Parameter attribution: nil when the conversion's record was deleted.
  public mutating func add(_ attribution: PublishedAttribution?, of conversionID: [UInt8]) {
    attributions[conversionID] = .some(attribution)
    if let attribution { shareCount += attribution.touches.count * attribution.credits.count }
  }

  /// Takes a record of the deduped stream.
  public mutating func add(_ event: PublishedEvent) { events.add(event) }
}
