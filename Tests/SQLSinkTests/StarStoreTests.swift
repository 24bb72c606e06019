import Attribution
import Codec
import Reporting
import TestServers
import Testing

@testable import SQLSink

/// The facts and dimensions, in both databases.
@Suite(.serialized) struct StarStoreTests {
  private static let definitions: Definitions = {
    var definitions = Definitions()
    definitions.models = [.lastTouch, .linear]
    return definitions
  }()

  private func open(
    _ database: TestDatabase, _ definitions: Definitions = Self.definitions
  ) throws -> any SQLStore {
    let store = try SQLTarget(database.address)!.open(definitions, .star)
    try store.migrate()
    return store
  }

  private func attribution(
    _ id: String, minute: Int64 = 30, _ shares: [(touch: String, linear: Int64, last: Int64)],
    value: Micros = 10_000_000, isDeleted: Bool = false, revision: Int64 = 1
  ) -> PublishedAttribution {
    PublishedAttribution(
      conversionID: id, userID: "u", time: start + minute * 60_000, value: value, currency: "EUR",
      touches: shares.map {
        .init(
          kind: .click, time: start, eventID: $0.touch, campaignID: "c-\($0.touch)",
          channel: "email", adID: "a")
      },
      credits: ["linear": shares.map(\.linear), "last_touch": shares.map(\.last)],
      revenues: [
        "linear": shares.map { $0.linear * value / 1_000_000 },
        "last_touch": shares.map { $0.last * value / 1_000_000 },
      ], revision: revision, isDeleted: isDeleted)
  }

  private func put(
    _ attributions: [PublishedAttribution], _ events: [PublishedEvent] = [],
    into store: any SQLStore
  ) throws {
    var batch = SinkBatch(events)
    for attribution in attributions {
      batch.add(attribution, of: Array(attribution.conversionID.utf8))
    }
    try store.apply(batch)
  }

  @Test(arguments: TestDatabase.Kind.allCases)
  func versionsReplaceFactsAndDeletionsRemoveThem(kind: TestDatabase.Kind) throws {
    let database = try TestDatabase(kind)
    defer { database.remove() }
    let store = try open(database)
    defer { store.close() }
    var order = touch("v", .conversion)
    order.amount = 5_000_000
    var cost = touch("k", .cost)
    cost.amount = 7
    // The second click is of the next month.
    try store.apply(
      SinkBatch([
        touch("1", .click, cost: 250_000), touch("2", .click, minute: 60), touch("1"), order, cost,
      ]))
    let touches =
      "SELECT kind, event_id, date, campaign_id, cost_micros FROM fact_touches ORDER BY 1, 2;"
    #expect(
      try database.ask(touches) == """
        click|1|2026-01-31|c|250000
        click|2|2026-02-01|c|0
        impression|1|2026-01-31|c|0

        """)
    order.amount = 3_000_000
    order.version = 1
    order.replaces = 0
    cost.version = 2
    cost.replaces = 0
    cost.isDeleted = true
    try store.apply(
      SinkBatch([
        touch("1", .click, minute: 61, campaign: "other", cost: 9, version: 1, replaces: 0),
        touch("1", version: 1, replaces: 0, isDeleted: true), order, cost,
      ]))
    #expect(
      try database.ask(touches) == "click|1|2026-02-01|other|9\nclick|2|2026-02-01|c|0\n")
    #expect(try database.ask("SELECT value_micros FROM fact_conversions;") == "3000000\n")
    #expect(try database.ask("SELECT count(*) FROM fact_costs;") == "0\n")
    #expect(
      try database.ask("SELECT campaign_id FROM dim_campaign ORDER BY 1;") == "c\nother\n")
    order.isDeleted = true
    order.version = 2
    order.replaces = 1
    try store.apply(SinkBatch([order]))
    #expect(try database.ask("SELECT count(*) FROM fact_conversions;") == "0\n")
  }

  @Test(arguments: TestDatabase.Kind.allCases)
  func creditsAreThoseOfTheLastRevision(kind: TestDatabase.Kind) throws {
    let database = try TestDatabase(kind)
    defer { database.remove() }
    let store = try open(database)
    defer { store.close() }
    let credits = """
      SELECT conversion_id, model, position, touch_id, campaign_id, credit_micros, revenue_micros \
      FROM fact_credits ORDER BY 1, 2, 3;
      """
    try put(
      [
        attribution("v", [("1", 500_000, 0), ("2", 500_000, 1_000_000)]), attribution("w", []),
        attribution("x", [("1", 1_000_000, 1_000_000)]),
      ], into: store)
    #expect(
      try database.ask(credits) == """
        v|last_touch|1|1|c-1|0|0
        v|last_touch|2|2|c-2|1000000|10000000
        v|linear|1|1|c-1|500000|5000000
        v|linear|2|2|c-2|500000|5000000
        w|last_touch|0||(unattributed)|1000000|10000000
        w|linear|0||(unattributed)|1000000|10000000
        x|last_touch|1|1|c-1|1000000|10000000
        x|linear|1|1|c-1|1000000|10000000

        """)
    // A touch is taken back, another comes late, a conversion is taken back.
    try put(
      [
        attribution("v", minute: 90, [("3", 1_000_000, 1_000_000)], revision: 2),
        attribution("w", [("1", 1_000_000, 1_000_000)], value: 4, revision: 2),
        attribution("x", [], value: 0, isDeleted: true, revision: 2),
      ], into: store)
    #expect(
      try database.ask(credits) == """
        v|last_touch|1|3|c-3|1000000|10000000
        v|linear|1|3|c-3|1000000|10000000
        w|last_touch|1|1|c-1|1000000|4
        w|linear|1|1|c-1|1000000|4

        """)
    var batch = SinkBatch()
    batch.add(nil, of: Array("v".utf8))
    try store.apply(batch)
    #expect(try database.ask("SELECT count(*) FROM fact_credits;") == "2\n")
  }

  @Test(arguments: TestDatabase.Kind.allCases)
  func aCampaignReallyCalledUnattributedHasARowOfItsOwn(kind: TestDatabase.Kind) throws {
    let database = try TestDatabase(kind)
    defer { database.remove() }
    let store = try open(database)
    defer { store.close() }
    var earned = attribution("v", [("1", 1_000_000, 1_000_000)])
    earned.touches[0].campaignID = unattributedName
    try put(
      [earned, attribution("w", [])], [touch("1", .click, campaign: unattributedName)],
      into: store)
    let names = "SELECT campaign_id FROM dim_campaign ORDER BY 1;"
    #expect(
      Set(try database.ask(names).split(separator: "\n")) == [
        "(unattributed)", "\\(unattributed)",
      ])
    #expect(
      try database.ask("SELECT campaign_id FROM fact_touches;") == "\\(unattributed)\n")
    #expect(
      try database.ask(
        "SELECT conversion_id FROM fact_credits WHERE campaign_id = '(unattributed)' AND model = 'linear';"
      ) == "w\n")
  }

  @Test(arguments: TestDatabase.Kind.allCases)
  func configuredFieldsBecomeColumns(kind: TestDatabase.Kind) throws {
    let database = try TestDatabase(kind)
    defer { database.remove() }
    var store = try open(database)
    try store.apply(SinkBatch([touch("1", .click)]))
    store.close()
    var definitions = Self.definitions
    definitions.dimensions = ["geo", "order", "date"]
    definitions.conversionDimensions = ["goal"]
    for _ in 0..<2 {
      store = try open(database, definitions)
      var order = touch("v", .conversion, values: ["buy"])
      order.amount = 1
      try store.apply(SinkBatch([touch("2", .click, values: ["de", "5", "x"]), order]))
      store.close()
    }
    #expect(
      try database.ask(#"SELECT event_id, geo, "order", field_date FROM fact_touches ORDER BY 1;"#)
        == "1|||\n2|de|5|x\n")
    #expect(try database.ask("SELECT goal FROM fact_conversions;") == "buy\n")
    // A field that is no longer configured keeps its column.
    store = try open(database)
    try store.apply(SinkBatch([touch("3", .click)]))
    store.close()
    #expect(
      try database.ask("SELECT event_id, geo FROM fact_touches ORDER BY 1;") == "1|\n2|de\n3|\n")
  }

  @Test(arguments: TestDatabase.Kind.allCases)
  func daysAndChannelsAreDescribed(kind: TestDatabase.Kind) throws {
    let database = try TestDatabase(kind)
    defer { database.remove() }
    let store = try open(database)
    defer { store.close() }
    let days = ["2024-02-29", "2024-12-30", "2026-01-04", "2027-01-01", "1969-12-29", "1970-01-01"]
    try store.apply(
      SinkBatch(
        days.enumerated().map { index, day in
          var event = touch("\(index)", channel: index == 0 ? "direct" : "email")
          event.time = Time.parse("\(day)T12:00:00Z")!
          return event
        }))
    // As Python's `date.isocalendar` has them.
    #expect(
      try database.ask(
        """
        SELECT date, quarter, iso_year, iso_week, weekday, \
        CASE WHEN is_weekend THEN 'x' ELSE '' END FROM dim_date ORDER BY date;
        """) == """
          1969-12-29|4|1970|1|1|
          1970-01-01|1|1970|1|4|
          2024-02-29|1|2024|9|4|
          2024-12-30|4|2025|1|1|
          2026-01-04|1|2026|1|7|x
          2027-01-01|1|2026|53|5|

          """)
    #expect(
      try database.ask(
        "SELECT channel FROM dim_channel WHERE is_direct;") == "direct\n")
  }

  @Test func postgresHasAPartitionForEachMonth() throws {
    let database = try TestDatabase(.postgres)
    let store = try open(database)
    defer { store.close() }
    try put(
      [attribution("v", [])], [touch("1"), touch("2", minute: 60), touch("3", minute: 61)],
      into: store)
    let places = "SELECT tableoid::regclass, event_id FROM fact_touches ORDER BY 2;"
    #expect(
      try database.ask(places)
        == "fact_touches_2026_01|1\nfact_touches_2026_02|2\nfact_touches_2026_02|3\n")
    #expect(
      try database.ask("SELECT tableoid::regclass FROM fact_credits LIMIT 1;")
        == "fact_credits_2026_01\n")
    // A transaction that is undone takes its partitions with it; the next makes them again.
    let april = touch("4", minute: 60 * 24 * 70)
    #expect(throws: SQLError.overtaken(topic: "accepted", partition: 0)) {
      try store.apply(SinkBatch([april], from: 1, through: 2))
    }
    try store.apply(SinkBatch([april], through: 2))
    #expect(
      try database.ask("SELECT count(*) FROM fact_touches_2026_04;") == "1\n")
  }

  @Test func rowsThatHadToWaitInTheDefaultPartitionComeAlong() throws {
    let database = try TestDatabase(.postgres)
    let store = try open(database)
    defer { store.close() }
    _ = try database.ask(
      """
      INSERT INTO dim_campaign VALUES ('c'); INSERT INTO dim_ad VALUES ('a');
      INSERT INTO dim_channel VALUES ('email', false);
      INSERT INTO dim_date SELECT day, 2026, 1, 2, 1, 2026, 5, 1, false
        FROM generate_series(date '2026-02-27', '2026-03-01', '1 day') AS day;
      INSERT INTO fact_touches
        SELECT 'click', 'x' || date, date, date, 'u', '', 'c', 'email', 'a', 0, false, 0 FROM dim_date;
      """)
    try store.apply(SinkBatch([touch("1", minute: 60)]))
    #expect(
      try database.ask(
        "SELECT tableoid::regclass, count(*) FROM fact_touches GROUP BY 1 ORDER BY 2;")
        == "fact_touches_default|1\nfact_touches_2026_02|3\n")
  }
}
