import Attribution
import Codec

/// The rollups topic as a table: the newest revision of every rollup, and how far time is final. About 80 bytes a
/// rollup with one model in memory, or 12 bytes a window where old windows lie in an archive.
///
/// Records are applied in the order of their partition; the order between partitions does not
/// matter. Reading the topic again from the beginning changes nothing.
///
///     var board = RollupBoard(definitions, partitionCount: 4)
///     board.apply(try reader.read(key: key, value: value))
///     let rows = board.rows(RollupQuery(view: "campaign_5m", range: from..<to))
public struct RollupBoard: Sendable {
  /// The views on the board; rollups of others are ignored.
  public let views: [View]
  /// The models that credits and revenues run parallel to.
  public let models: [Model]
  /// Parallel to `models`: in windows that start before this only backfills credit them.
  public let modelStarts: [Milliseconds]
  /// The latest watermark that any rollup was published with; nil before there is one.
  public internal(set) var watermark: Milliseconds?
  /// How many rollups there are, those in the archive included.
  public internal(set) var count = 0
  /// How many revisions have been applied so far; grows with every publication.
  public internal(set) var revisionCount = 0

  let partitionCount: Int
  var finalThroughByPartition: [Int32: Milliseconds] = [:]
  var lost: Set<LostRange> = []
  private let tableOfView: [String: Int]
  var tables: [ViewTable]
  /// Where old windows are; nil where all are held in memory.
  var archive: (any WindowArchive)?
  /// The last commit to the archive.
  var commit: Int64 = 0
  /// Windows that start before this lie in the archive, and in sums by hour and day, unless they have changed since its
  /// last commit. A start of a day.
  package internal(set) var archivedBefore: Milliseconds = .min

  /// - Parameters:
  ///   - definitions: whose views and models the rollups are of.
  ///   - partitionCount: partitions of the rollups topic: finality takes all of them.
  public init(_ definitions: Definitions, partitionCount: Int) {
    views = definitions.views
    models = definitions.models
    modelStarts = definitions.modelStarts
    self.partitionCount = partitionCount
    tables = definitions.views.enumerated().map {
      ViewTable($1, index: $0, modelCount: definitions.models.count)
    }
    tableOfView = Dictionary(views.enumerated().map { ($1.name, $0) }) { first, _ in first }
  }

  /// An empty board for the same views, models and partitions.
  package init(_ other: RollupBoard) {
    views = other.views
    models = other.models
    modelStarts = other.modelStarts
    partitionCount = other.partitionCount
    tableOfView = other.tableOfView
    tables = views.enumerated().map { ViewTable($1, index: $0, modelCount: other.models.count) }
  }

  /// Every window, of whatever rollup, with an end at or before this is final: the least over the
  /// partitions. Nil until every partition has progress to tell.
  public var finalThrough: Milliseconds? {
    guard finalThroughByPartition.count >= partitionCount else { return nil }
    // A partition that has heard of tasks but of no time yet names the earliest there is.
    return finalThroughByPartition.values.min().flatMap { $0 > Time.earliest ? $0 : nil }
  }

  /// Input that was gone before it was read and that rollups of `range` may miss; in the order of its place.
  ///
  /// - Parameter correctionHorizon: how much older than its company an event may be and still count.
  public func lostInput(
    touching range: Range<Milliseconds>, correctionHorizon: Milliseconds
  ) -> [LostRange] {
    lost.filter { $0.mayTouch(range, correctionHorizon: correctionHorizon) }
      .sorted { ($0.topic, $0.partition, $0.from) < ($1.topic, $1.partition, $1.from) }
  }

  /// How many rollups are held in memory.
  public var heldCount: Int { count - tables.reduce(0) { $0 + $1.archived.rollupCount } }

  /// How many rollups have been corrected after they were final, as far as their revisions were seen:
  /// compaction drops the older ones.
  public var correctionCount: Int { tables.reduce(0) { $0 + $1.correctionCount } }

  /// Takes one record; returns whether it changed the board. O(1), but O(windows) for the first
  /// rollup of a window.
  ///
  /// A revision replaces lower ones and is ignored when the board holds the same or a higher one.
  @discardableResult
  public mutating func apply(_ record: RollupsRecord) -> Bool {
    switch record {
    case .rollup(let rollup): return insert(rollup)
    case .deletion(let key):
      guard let table = tableOfView[key.view], tables[table].remove(key) else { return false }
      count -= 1
      return true
    case .progress(let partition, let finalThrough, let lost):
      let isNews = !self.lost.isSuperset(of: lost)
      self.lost.formUnion(lost)
      if let known = finalThroughByPartition[partition], known >= finalThrough { return isNews }
      finalThroughByPartition[partition] = finalThrough
      return true
    case .other: return false
    }
  }

  private mutating func insert(_ rollup: Rollup) -> Bool {
    guard let table = tableOfView[rollup.key.view] else { return false }
    switch tables[table].insert(rollup) {
    case .ignored: return false
    case .added: count += 1
    case .replaced, .corrected: break
    }
    revisionCount += 1
    if let mark = rollup.watermark { watermark = max(watermark ?? mark, mark) }
    return true
  }

  /// Forgets the windows that start before `start`, and the names that no other window has: the board is then what it
  /// would be without their records. Only for boards without an archive. O(1) while few names have gone.
  package mutating func forget(before start: Milliseconds) {
    precondition(archive == nil, "archived windows have to be kept")
    for index in tables.indices { count -= tables[index].forget(before: start) }
  }

  func table(of view: String) -> ViewTable? { tableOfView[view].map { tables[$0] } }
}
