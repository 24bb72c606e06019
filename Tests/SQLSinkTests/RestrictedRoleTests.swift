import Attribution
import Codec
import Reporting
import TestServers
import Testing

@testable import SQLSink

/// A role that owns the tables and may do nothing else, behind a pooler that gives every transaction a session without a
/// past.
@Suite(.serialized) struct RestrictedRoleTests {
  private static let pooler = Result {
    let server = try PostgresServer.shared.get()
    _ = try runTool(
      "psql",
      ["postgres://tributary@127.0.0.1:\(server.port)/postgres", "-qc", "CREATE ROLE writer LOGIN"])
    return try PgBouncerServer(server, users: ["writer"])
  }

  private static let definitions: Definitions = {
    var definitions = Definitions()
    definitions.views.append(
      View(name: "ad_1h", dimensions: [.adID], periodMilliseconds: 3_600_000))
    return definitions
  }()

  /// Makes the tables as an administrator would, and leaves the role nothing but them.
  private func makeDatabase(_ tables: TableSet) throws -> (TestDatabase, String) {
    let pooler = try Self.pooler.get()
    let database = try TestDatabase(.postgres)
    if let statements = SQLTarget(database.address)!.creation(of: tables, Self.definitions) {
      _ = try database.ask(statements)
    } else {
      let store = try SQLTarget(database.address)!.open(Self.definitions, tables)
      try store.migrate()
      store.close()
    }
    let name = database.address.split(separator: "/").last!
    _ = try database.ask(
      """
      REVOKE ALL ON DATABASE \(name) FROM PUBLIC; GRANT CONNECT ON DATABASE \(name) TO writer;
      REVOKE ALL ON SCHEMA public FROM PUBLIC; GRANT USAGE ON SCHEMA public TO writer;
      DO $$ DECLARE name regclass; BEGIN
        FOR name IN SELECT oid FROM pg_class
          WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
        LOOP EXECUTE format('ALTER TABLE %s OWNER TO writer', name); END LOOP;
      END $$;
      """)
    return (database, pooler.address(of: database, user: "writer"))
  }

  private func fill(_ store: any SQLStore, from: Int64?, through: Int64, clicks: Int64) throws {
    var batch = SinkBatch([
      touch("1", .click, version: through, replaces: from.map { _ in 0 }),
      touch("2", .click, minute: 60 * 24 * through, version: 0),
    ])
    var sums = RollupSums(modelCount: 1)
    sums.clicks = clicks
    for view in Self.definitions.views {
      batch.add(
        .rollup(
          Rollup(
            key: RollupKey(view: view.name, dimensions: ["a"], windowStart: start),
            windowEnd: start + view.periodMilliseconds, sums: sums, revision: clicks)))
    }
    batch.add(
      PublishedAttribution(
        conversionID: "v", userID: "u", time: start, value: 1, currency: "EUR", touches: [],
        credits: ["last_touch": []], revenues: ["last_touch": []], revision: clicks),
      of: Array("v".utf8))
    batch.add(.progress(partition: 0, finalThrough: start + through))
    batch.steps = [.init(topic: "rollups", partition: 0, from: from, through: through, epoch: "e")]
    try store.apply(batch)
  }

  @Test(arguments: TableSet.allCases)
  func ownershipOfTheTablesIsEnough(tables: TableSet) throws {
    let (database, address) = try makeDatabase(tables)
    // What the role may not do.
    for statement in ["CREATE TABLE x (y integer);", "CREATE TEMPORARY TABLE x (y integer);"] {
      let denied = #expect(throws: ToolFailure.self) {
        try TestDatabase(.postgres, at: address).ask(statement)
      }
      #expect(denied?.description.contains("permission denied") == true)
    }
    for (index, from) in ([nil, 1, 2] as [Int64?]).enumerated() {
      // A store of its own, as after a restart.
      let store = try SQLTarget(address)!.open(Self.definitions, tables)
      try store.migrate()
      try fill(store, from: from, through: Int64(index) + 1, clicks: Int64(index) + 5)
      store.close()
    }
    let question =
      switch tables {
      case .rollups: "SELECT DISTINCT clicks, revision FROM rollups;"
      case .adMetrics: "SELECT total_clicks, (SELECT sum(touches) FROM users) FROM ad_metrics;"
      case .star:
        """
        SELECT (SELECT version FROM fact_touches WHERE event_id = '1'), \
        (SELECT revenue_micros FROM fact_credits), \
        (SELECT DISTINCT tableoid::regclass FROM fact_touches);
        """
      }
    let expected =
      switch tables {
      case .rollups: "7|7\n"
      case .adMetrics: "7|4\n"
      case .star: "3|1|fact_touches_default\n"
      }
    #expect(try database.ask(question) == expected)
    let store = try SQLTarget(address)!.open(Self.definitions, tables)
    #expect(try store.savedOffsets(of: "rollups") == [0: 3])
    try store.startAgain()
    #expect(try store.savedOffsets(of: "rollups") == [:])
    store.close()
  }

  /// Two writers that both begin with no saved offset: one of them stops, whichever it is, and neither waits for ever.
  @Test(arguments: TableSet.allCases)
  func ofTwoWritersThroughAPoolerOneIsOvertaken(tables: TableSet) throws {
    let (_, address) = try makeDatabase(tables)
    let stores = try (0..<2).map { _ in
      let store = try SQLTarget(address)!.open(Self.definitions, tables)
      try store.migrate()
      return store
    }
    try fill(stores[0], from: nil, through: 1, clicks: 5)
    #expect(throws: SQLError.overtaken(topic: "rollups", partition: 0)) {
      try fill(stores[1], from: nil, through: 1, clicks: 5)
    }
    try fill(stores[0], from: 1, through: 2, clicks: 6)
    for store in stores { store.close() }
  }
}
