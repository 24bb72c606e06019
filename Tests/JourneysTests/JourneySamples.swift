import Foundation
import SQLite
import Synchronization

@testable import Journeys

/// A folder that is gone when nobody refers to it any more.
final class TemporaryFolder {
  let url = FileManager.default.temporaryDirectory.appendingPathComponent("journeys-\(UUID())")

  init() throws {
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(at: url) }

  func path(_ name: String) -> String { url.appendingPathComponent(name).path }
}

/// Journeys in memory.
final class JourneyList: JourneySource {
  let journeys: [Journey]

  init(_ journeys: [Journey]) { self.journeys = journeys }

  /// One journey `c1`, `c2` … of each length.
  convenience init(lengths: [Int]) {
    self.init(
      lengths.enumerated().map { index, length in
        Journey.sample("c\(index + 1)", sessions: length)
      })
  }

  func forEachJourney(_ selection: JourneySelection, _ body: (Journey) throws -> Void) throws {
    for journey in journeys where selection.contains(journey.day) { try body(journey) }
  }

  func forEachCost(
    _ selection: JourneySelection, _ body: (String, JourneyDay, Int64) throws -> Void
  ) throws {}

  func estimatedCount(_ selection: JourneySelection) throws -> Int { journeys.count }
}

extension Journey {
  static let noon = JourneyDay("2026-01-05")!.number * JourneyDay.milliseconds + 43_200_000

  static func sample(_ id: String, sessions: Int, channel: String = "email") -> Journey {
    Journey(
      conversionID: id, userID: "user of \(id)", time: noon, revenue: 12_500_000,
      sessions: (0..<sessions).map { index in
        Session(
          id: "\(id)-s\(index + 1)", time: noon - Int64(sessions - index) * 60_000,
          channel: channel)
      })
  }
}

/// The input's tables and results in a new file, filled by SQL.
func makeDatabase(_ path: String, _ sql: String = "") throws -> SQLiteDatabase {
  let database = try SQLiteDatabase(path, .readWrite)
  try database.execute(
    """
    CREATE TABLE session_sources (session_id TEXT, user_id TEXT, event_date TEXT, event_time TEXT, \
    channel_name TEXT, holder_engagement INTEGER, closer_engagement INTEGER, \
    impression_interaction INTEGER);
    CREATE TABLE conversions (conv_id TEXT, user_id TEXT, conv_date TEXT, conv_time TEXT, \
    revenue REAL);
    \(sql)
    """)
  return database
}

extension JourneySource {
  func journeys(_ selection: JourneySelection = JourneySelection()) throws -> [Journey] {
    var all: [Journey] = []
    try forEachJourney(selection) { all.append($0) }
    return all
  }
}

/// Runs journeys through a stub of the API, with short pauses.
struct StubRun {
  static let key = "sesame-4711"

  let folder: TemporaryFolder
  let results: SQLiteResults
  let database: SQLiteDatabase
  private let api: StubAPI
  var options = AttributionOptions()
  var notes: [String] = []

  init(_ api: StubAPI) throws {
    self.api = api
    folder = try TemporaryFolder()
    database = try SQLiteDatabase(folder.path("results.sqlite"), .readWrite)
    results = SQLiteResults(database)
    options.backoff.first = 0.01
    options.backoff.longest = 0.02
    options.backoff.attempts = 3
    options.limits.timeout = 5_000
  }

  mutating func attribute(
    _ source: any JourneySource, shouldStop: @escaping () -> Bool = { false }
  ) throws -> (summary: AttributionSummary, failure: JourneyError?) {
    let key = try APIKey(file: nil, environment: [APIKey.variable: Self.key])
    let endpoint = try APIEndpoint(url: api.url, conversionType: "all markets")
    var lines: [String] = []
    var attribution = JourneyAttribution(
      source, results, .api(endpoint, key), options, note: { lines.append($0) },
      shouldStop: shouldStop)
    let result = try attribution.run(JourneySelection())
    notes += lines
    return result
  }

  /// How many conversions are stored.
  func storedCount() throws -> Int64 {
    try database.run("SELECT count(DISTINCT conv_id) FROM attribution_customer_journey")[0][0]
  }
}

/// A number that several threads count up.
final class Counter: Sendable {
  private let count = Mutex(0)

  /// The count with this one.
  func next() -> Int {
    count.withLock { count in
      count += 1
      return count
    }
  }
}
