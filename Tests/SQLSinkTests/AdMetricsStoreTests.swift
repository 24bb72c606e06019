import Attribution
import Codec
import Reporting
import TestServers
import Testing

@testable import SQLSink

/// `ad_metrics` and `users`, in both databases.
@Suite(.serialized) struct AdMetricsStoreTests {
  private static let definitions: Definitions = {
    var definitions = Definitions()
    definitions.views.append(
      View(name: "ad_1h", dimensions: [.adID], periodMilliseconds: 3_600_000))
    return definitions
  }()

  private func open(
    _ database: TestDatabase, _ definitions: Definitions = Self.definitions
  ) throws -> any SQLStore {
    let store = try SQLTarget(database.address)!.open(definitions, .adMetrics)
    try store.migrate()
    return store
  }

  private func rollup(
    _ ad: String, hour: Int64 = 0, _ impressions: Int64, _ clicks: Int64, _ sessions: Int64
  ) -> RollupsRecord {
    var sums = RollupSums(modelCount: 1)
    sums.impressions = impressions
    sums.clicks = clicks
    sums.sessions = sessions
    let start = start + hour * 3_600_000
    return .rollup(
      Rollup(
        key: RollupKey(view: "ad_1h", dimensions: [ad], windowStart: start),
        windowEnd: start + 3_600_000, sums: sums, revision: 1))
  }

  /// As `ad|hour|user|touches`, the hour by its number of the day.
  private func users(_ database: TestDatabase) throws -> [String] {
    let hour =
      database.kind == .sqlite ? "substr(hour, 12, 2)" : "to_char(hour AT TIME ZONE 'UTC', 'HH24')"
    return try database.ask(
      "SELECT ad_id, \(hour), user_id, touches FROM users ORDER BY 1, 2, 3;"
    ).split(separator: "\n").map(String.init)
  }

  private func count(_ table: String, _ database: TestDatabase) throws -> String {
    try database.ask("SELECT count(*) FROM \(table);").trimmingCharacters(in: .newlines)
  }

  @Test(arguments: TestDatabase.Kind.allCases)
  func hoursAreThoseOfTheViewAndLeaveWithTheirLastTouch(kind: TestDatabase.Kind) throws {
    let database = try TestDatabase(kind)
    defer { database.remove() }
    let store = try open(database)
    defer { store.close() }
    var batch = SinkBatch()
    for record in [
      rollup("a", 10, 3, 2), rollup("a", hour: 1, 5, 0, 1), rollup("b", 1, 0, 0),
      // Conversions alone.
      rollup(unattributedName, 0, 0, 0),
    ] { batch.add(record) }
    try store.apply(batch)
    let question = """
      SELECT ad_id, total_impressions, total_clicks, total_sessions FROM ad_metrics \
      ORDER BY ad_id, hour;
      """
    #expect(try database.ask(question) == "a|10|3|2\na|5|0|1\nb|1|0|0\n")
    batch = SinkBatch()
    for record in [
      rollup("a", 11, 4, 2), rollup("b", 0, 0, 0),
      .deletion(RollupKey(view: "ad_1h", dimensions: ["a"], windowStart: start + 3_600_000)),
    ] { batch.add(record) }
    try store.apply(batch)
    #expect(try database.ask(question) == "a|11|4|2\n")
  }

  @Test(arguments: TestDatabase.Kind.allCases)
  func aUserIsThereAsLongAsATouchOfTheirsCounts(kind: TestDatabase.Kind) throws {
    let database = try TestDatabase(kind)
    defer { database.remove() }
    let store = try open(database)
    defer { store.close() }
    try store.apply(
      SinkBatch([
        touch("1"), touch("2", minute: 59), touch("1", .click, minute: 60), touch("3", user: "v"),
        touch("4", ad: ""), touch("5", .conversion), touch("6", .cost),
      ]))
    let before = ["a|23|u|2", "a|23|v|1", "a|00|u|1", "|23|u|1"].sorted()
    #expect(try users(database).sorted() == before)

    // One of two leaves: the user stays. The only one leaves: so does the user.
    try store.apply(
      SinkBatch([
        touch("2", minute: 59, version: 1, replaces: 0, isDeleted: true),
        touch("3", user: "v", version: 1, replaces: 0, isDeleted: true),
      ]))
    #expect(try users(database).sorted() == ["a|23|u|1", "a|00|u|1", "|23|u|1"].sorted())

    // Another ad, another hour; and back again, by a version of what was deleted.
    try store.apply(
      SinkBatch([
        touch("1", ad: "b", minute: 61, version: 2, replaces: 0),
        touch("3", user: "v", version: 2, replaces: 1),
      ]))
    #expect(
      try users(database).sorted() == ["b|00|u|1", "a|23|v|1", "a|00|u|1", "|23|u|1"].sorted())
    #expect(try count("ad_metrics_events", database) == "4")
  }

  @Test(arguments: TestDatabase.Kind.allCases)
  func manyVersionsInOneTransactionAreAsGoodAsOneByOne(kind: TestDatabase.Kind) throws {
    let history = [
      touch("1"), touch("1", ad: "b", version: 1, replaces: 0), touch("2", version: 3),
      touch("1", version: 2, replaces: 1, isDeleted: true),
      touch("2", version: 4, replaces: 3, isDeleted: true), touch("3", isDeleted: true),
      touch("2", minute: 60, version: 5, replaces: 4), touch("4"),
      touch("3", version: 1, replaces: 0), touch("4", user: "v", version: 1, replaces: 0),
    ]
    var found: [[String]] = []
    for size in [1, 3, history.count] {
      let database = try TestDatabase(kind)
      defer { database.remove() }
      let store = try open(database)
      defer { store.close() }
      for first in stride(from: 0, to: history.count, by: size) {
        try store.apply(SinkBatch(Array(history[first..<min(first + size, history.count)])))
      }
      found.append(try users(database))
      #expect(try count("ad_metrics_events", database) == "3")
    }
    #expect(found[0].sorted() == ["a|23|u|1", "a|23|v|1", "a|00|u|1"].sorted())
    #expect(found[1] == found[0] && found[2] == found[0])
  }

  /// An id is remembered for the correction horizon; a later event with it is another.
  @Test(arguments: TestDatabase.Kind.allCases)
  func anIdThatIsTakenAgainCountsAgain(kind: TestDatabase.Kind) throws {
    for size in [1, 2] {
      let database = try TestDatabase(kind)
      defer { database.remove() }
      let store = try open(database)
      defer { store.close() }
      let events = [touch("1"), touch("1", user: "v", minute: 60)]
      for first in stride(from: 0, to: 2, by: size) {
        try store.apply(SinkBatch(Array(events[first..<first + size])))
      }
      try store.apply(SinkBatch([touch("1", user: "w", minute: 60, version: 1, replaces: 0)]))
      #expect(try users(database).sorted() == ["a|00|w|1", "a|23|u|1"])
    }
  }

  @Test(arguments: TestDatabase.Kind.allCases)
  func namesOfAnyKindAreTakenBack(kind: TestDatabase.Kind) throws {
    let database = try TestDatabase(kind)
    defer { database.remove() }
    let store = try open(database)
    defer { store.close() }
    let names = ["\u{0}", "\u{2400}", "\u{2400}0", "a\tb\\N", "\u{e9}", "e\u{301}", "'"]
    try store.apply(SinkBatch(names.map { touch($0, ad: $0, user: $0) }))
    #expect(try count("users", database) == "\(names.count)")
    try store.apply(
      SinkBatch(names.map { touch($0, ad: "x", user: $0, version: 1, replaces: 0) }))
    #expect(try count("users", database) == "\(names.count)")
    #expect(try database.ask("SELECT DISTINCT ad_id FROM users;") == "x\n")
  }

  @Test(arguments: TestDatabase.Kind.allCases)
  func aBatchThatWasOvertakenChangesNothing(kind: TestDatabase.Kind) throws {
    let database = try TestDatabase(kind)
    defer { database.remove() }
    let stores = try [open(database), open(database)]
    try stores[0].apply(SinkBatch([touch("1")], through: 5))
    for from in [nil, 3] as [Int64?] {
      #expect(throws: SQLError.overtaken(topic: "accepted", partition: 0)) {
        try stores[1].apply(SinkBatch([touch("2")], from: from, through: 9))
      }
    }
    #expect(try count("users", database) == "1")
    try stores[1].apply(
      SinkBatch([touch("2", version: 1, isDeleted: true)], from: 5, through: 9))
    #expect(try stores[0].savedPositions(of: "accepted") == [0: SavedPosition(offset: 9)])
    for store in stores { store.close() }
  }

  @Test(arguments: TestDatabase.Kind.allCases)
  func tablesStartAgainWhereTheyAreFilledFromSomethingElse(kind: TestDatabase.Kind) throws {
    let database = try TestDatabase(kind)
    defer { database.remove() }
    var store = try open(database)
    var batch = SinkBatch([touch("1")])
    batch.steps = [
      .init(topic: "rollups", partition: 3, from: nil, through: 7, epoch: "e-1"),
      .init(topic: "accepted", partition: 0, from: nil, through: 2),
    ]
    try store.apply(batch)
    #expect(
      try store.savedPositions(of: "rollups") == [3: SavedPosition(offset: 7, epoch: "e-1")])
    batch = SinkBatch()
    batch.steps = [.init(topic: "rollups", partition: 3, from: 7, through: 8)]
    try store.apply(batch)
    #expect(
      try store.savedPositions(of: "rollups") == [3: SavedPosition(offset: 8, epoch: "e-1")])
    store.close()
    // The same view, then one of another name.
    store = try open(database)
    #expect(try count("users", database) == "1")
    store.close()
    var others = Self.definitions
    others.views = [View(name: "other", dimensions: [.adID], periodMilliseconds: 3_600_000)]
    store = try open(database, others)
    for table in ["users", "ad_metrics", "ad_metrics_events", "ad_metrics_offsets"] {
      #expect(try count(table, database) == "0", "\(table)")
    }
    try store.apply(SinkBatch([touch("1")], through: 1))
    try store.startAgain()
    #expect(try count("users", database) == "0")
    #expect(try store.savedPositions(of: "accepted") == [:])
    store.close()
  }

  @Test func postgresDividesBothTablesByAd() throws {
    let database = try TestDatabase(.postgres)
    let store = try open(database)
    try store.apply(SinkBatch((0..<200).map { touch("\($0)", ad: "ad-\($0)") }))
    store.close()
    for table in ["ad_metrics", "users"] {
      #expect(
        try database.ask(
          "SELECT partstrat, pg_get_partkeydef(partrelid) FROM pg_partitioned_table "
            + "WHERE partrelid = '\(table)'::regclass;") == "h|HASH (ad_id)\n")
    }
    let filled = try database.ask("SELECT count(DISTINCT tableoid) FROM users;")
    #expect(filled == "\(Table.hashPartitions)\n")
  }
}
