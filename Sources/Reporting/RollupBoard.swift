import Attribution
import Codec

/// The rollups topic as a table in memory: the newest revision of every rollup, and how far time is
/// final.
///
/// Records are applied in the order of their partition; the order between partitions does not
/// matter. Reading the topic again from the beginning changes nothing.
///
///     var board = RollupBoard(views: definitions.views, partitionCount: 4)
///     board.apply(try reader.read(key: key, value: value))
///     for rollup in board.rollups(of: "campaign_5m", window: start) { … }
public struct RollupBoard: Sendable {
  /// One view's rollups, by window.
  struct Table: Sendable {
    let period: Milliseconds
    /// Starts of the windows that hold rollups, ascending.
    var starts: [Milliseconds] = []
    var windows: [Milliseconds: [RollupKey: Rollup]] = [:]
  }

  /// The views on the board; rollups of others are ignored.
  public let views: [View]
  /// The latest watermark that any rollup was published with; nil before there is one.
  public private(set) var watermark: Milliseconds?
  /// How many rollups the board holds.
  public private(set) var count = 0
  /// How many revisions have been applied so far; grows with every publication.
  public private(set) var revisionCount = 0

  private let partitionCount: Int
  private var finalThroughByPartition: [Int32: Milliseconds] = [:]
  private(set) var tables: [String: Table]

  /// - Parameter partitionCount: partitions of the rollups topic: finality takes all of them.
  public init(views: [View], partitionCount: Int) {
    self.views = views
    self.partitionCount = partitionCount
    tables = Dictionary(views.map { ($0.name, Table(period: $0.periodMilliseconds)) }) {
      first, _ in first
    }
  }

  /// Every window, of whatever rollup, with an end at or before this is final: the least over the
  /// partitions. Nil until every partition has progress to tell.
  public var finalThrough: Milliseconds? {
    guard finalThroughByPartition.count >= partitionCount else { return nil }
    // A partition that has heard of tasks but of no time yet names the earliest there is.
    return finalThroughByPartition.values.min().flatMap { $0 > Time.earliest ? $0 : nil }
  }

  /// Takes one record; returns whether it changed the board. O(1), but O(windows) for the first
  /// rollup of a window.
  ///
  /// A revision replaces lower ones and is ignored when the board holds the same or a higher one.
  @discardableResult
  public mutating func apply(_ record: RollupsRecord) -> Bool {
    switch record {
    case .rollup(let rollup): return insert(rollup)
    case .deletion(let key): return remove(key)
    case .progress(let partition, let finalThrough):
      if let known = finalThroughByPartition[partition], known >= finalThrough { return false }
      finalThroughByPartition[partition] = finalThrough
      return true
    case .other: return false
    }
  }

  private mutating func insert(_ rollup: Rollup) -> Bool {
    let key = rollup.key
    guard var table = tables[key.view] else { return false }
    if let known = table.windows[key.windowStart]?[key], known.revision >= rollup.revision {
      return false
    }
    // Taken out while it changes, so that its storage is not copied.
    tables[key.view] = nil
    defer { tables[key.view] = table }
    if table.windows[key.windowStart] == nil { table.open(key.windowStart) }
    if table.windows[key.windowStart]!.updateValue(rollup, forKey: key) == nil { count += 1 }
    revisionCount += 1
    if let mark = rollup.watermark { watermark = max(watermark ?? mark, mark) }
    return true
  }

  private mutating func remove(_ key: RollupKey) -> Bool {
    guard tables[key.view]?.windows[key.windowStart]?.removeValue(forKey: key) != nil else {
      return false
    }
    count -= 1
    if tables[key.view]!.windows[key.windowStart]!.isEmpty {
      tables[key.view]!.close(key.windowStart)
    }
    return true
  }
}

extension RollupBoard.Table {
  fileprivate mutating func open(_ start: Milliseconds) {
    windows[start] = [:]
    starts.insert(start, at: position(of: start))
  }

  fileprivate mutating func close(_ start: Milliseconds) {
    windows[start] = nil
    starts.remove(at: position(of: start))
  }

  /// Where `start` stands, or would stand, among the starts. O(log windows).
  func position(of start: Milliseconds) -> Int {
    var low = 0
    var high = starts.count
    while low < high {
      let middle = (low + high) / 2
      if starts[middle] < start { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
