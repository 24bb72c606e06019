import Attribution
import Cluster
import Codec
import Configuration
import Inputs

/// What waits among the late events, by day, by campaign, and by how late it came.
public struct LateSummary: Sendable {
  /// How many events of each kind, and how late they came.
  public struct Row: Sendable {
    public var counts: [EventKind: Int] = [:]
    /// From the event to its arrival, in milliseconds.
    public var leastDelay: Milliseconds = .max
    public var longestDelay: Milliseconds = 0

    public var total: Int { counts.values.reduce(0, +) }

    mutating func add(_ late: LateEvent) {
      counts[late.event.kind, default: 0] += 1
      let delay = max(0, late.arrival - late.event.time)
      leastDelay = min(leastDelay, delay)
      longestDelay = max(longestDelay, delay)
    }
  }

  /// Upper ends of the ranges of `byDelay`, in milliseconds; the last has none.
  public static let delays: [Milliseconds] = [1, 2, 7, 30].map { $0 * 86_400_000 }

  public private(set) var total = Row()
  /// By the first instant of the day.
  public private(set) var byDay: [Milliseconds: Row] = [:]
  /// Conversions have no campaign.
  public private(set) var byCampaign: [ByteString: Row] = [:]
  /// By the number of `delays` that the delay reaches.
  public private(set) var byDelay: [Row] = Array(repeating: Row(), count: delays.count + 1)
  /// Event times of the first and the last.
  public private(set) var span: ClosedRange<Milliseconds>?
  /// Events that backfills have counted: they no longer wait.
  public private(set) var countedBefore = 0

  /// Reads all late events.
  ///
  /// - Parameter day: the first instant of the day that an instant belongs to.
  public init(
    _ configuration: Configuration, from log: any ArchiveLog, day: (Milliseconds) -> Milliseconds
  ) throws {
    let ledger = try BackfillLedger(configuration, from: log)
    var reader = LateEvents(configuration, try InputPlans(configuration))
    try reader.forEach(from: log) { late in
      if ledger.hasCounted(late.place, late.event, of: late.task) {
        countedBefore += 1
      } else {
        add(late, day(late.event.time))
      }
    }
  }

  private mutating func add(_ late: LateEvent, _ day: Milliseconds) {
    total.add(late)
    byDay[day, default: Row()].add(late)
    if !late.event.campaignID.isEmpty {
      byCampaign[ByteString(late.event.campaignID), default: Row()].add(late)
    }
    let delay = late.arrival - late.event.time
    byDelay[LateSummary.delays.count { delay >= $0 }].add(late)
    let time = late.event.time
    span = min(span?.lowerBound ?? time, time)...max(span?.upperBound ?? time, time)
  }
}
