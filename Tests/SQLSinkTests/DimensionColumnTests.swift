import Attribution
import Codec
import Reporting
import SQLSink
import TestServers
import Testing

/// A column for each extra dimension, in both databases.
@Suite(.serialized) struct DimensionColumnTests {
  private static let minute: Milliseconds = 60_000

  private static func definitions(_ fields: [String], _ view: [String]) -> Definitions {
    var definitions = Definitions()
    definitions.conversionDimensions = fields
    definitions.views = [
      View(
        name: "v", dimensions: [.campaignID] + view.map { Dimension(rawValue: $0) },
        periodMilliseconds: minute)
    ]
    return definitions
  }

  private func put(
    _ rollups: [(names: [String], clicks: Int64)], _ definitions: Definitions,
    into database: TestDatabase, deleting gone: [[String]] = []
  ) throws {
    let store = try SQLTarget(database.address)!.open(definitions)
    defer { store.close() }
    try store.migrate()
    var batch = SinkBatch()
    func key(_ names: [String]) -> RollupKey {
      RollupKey(view: "v", dimensions: names, windowStart: 0)
    }
    for (names, clicks) in rollups {
      var sums = RollupSums(modelCount: 1)
      sums.clicks = clicks
      batch.add(
        .rollup(Rollup(key: key(names), windowEnd: Self.minute, sums: sums, revision: 1)))
    }
    for names in gone { batch.add(.deletion(key(names))) }
    try store.apply(batch)
  }

  @Test(arguments: TestDatabase.Kind.allCases)
  func columnsAreAddedAsFieldsAreConfigured(kind: TestDatabase.Kind) throws {
    let database = try TestDatabase(kind)
    defer { database.remove() }
    // Tables of before there were such fields keep their rows.
    try put([(["c-1"], 1), (["c-2"], 2)], Self.definitions([], []), into: database)
    let fields = ["goal", "order", "a-b"]
    let wide = Self.definitions(fields, fields)
    let names = [["c-1", "buy", "x", "1"], ["c-1", "buy", "x", "2"], ["c-1", "", "", ""]]
    try put([(names[0], 3), (names[1], 4), (names[2], 5)], wide, into: database)
    // The same again, and one of them gone.
    try put([(names[0], 7)], wide, into: database, deleting: [names[1]])
    #expect(
      try database.ask(
        #"SELECT campaign_id, goal, "order", "a-b", clicks FROM rollups ORDER BY clicks;"#)
        == "c-2||||2\nc-1||||5\nc-1|buy|x|1|7\n")
    // A field that is no longer configured keeps its column, and a further one gets its own.
    try put([(["c-1", "mail"], 9)], Self.definitions(["Goal", "shop"], ["shop"]), into: database)
    #expect(
      try database.ask(#"SELECT campaign_id, goal, shop, clicks FROM rollups ORDER BY clicks;"#)
        == "c-2|||2\nc-1|||5\nc-1|buy||7\nc-1||mail|9\n")
  }

  /// An index of PostgreSQL has no room for long keys, and every name may be as long as names may be.
  @Test(arguments: TestDatabase.Kind.allCases)
  func theLongestNamesFit(kind: TestDatabase.Kind) throws {
    let database = try TestDatabase(kind)
    defer { database.remove() }
    let fields = (0..<Definitions.mostFields).map { "field_\($0)" }
    var random = SystemRandomNumberGenerator()
    var names = [String(repeating: "c", count: 128)]
    for _ in fields {
      names.append(
        String(
          (0..<64).flatMap { _ in
            ["\0", "abcdefghijklmnopqrstuvwxyz0123456789".randomElement(using: &random)!]
          }))
    }
    var other = names
    other[16] = other[15]
    let definitions = Self.definitions(fields, fields)
    for clicks in 1...2 {
      try put([(names, Int64(clicks)), (other, 9)], definitions, into: database)
    }
    #expect(try database.ask("SELECT clicks FROM rollups ORDER BY clicks;") == "2\n9\n")
  }
}
