import Attribution
import Codec
import Foundation
import Reporting
import SQLSink
import TestServers
import Testing

/// The tables, in both databases.
@Suite(.serialized) struct SQLStoreTests {
  private static let minute: Milliseconds = 60_000
  private static let definitions: Definitions = {
    var definitions = Definitions()
    definitions.models = [.lastTouch, .linear]
    definitions.views = [
      View(name: "v", dimensions: [.channel, .campaignID], periodMilliseconds: minute)
    ]
    return definitions
  }()

  private func rollup(
    _ channel: String, _ campaign: String, clicks: Int64, revision: Int64 = 1,
    start: Milliseconds = 0
  ) -> Rollup {
    var sums = RollupSums(modelCount: 2)
    sums.clicks = clicks
    sums.revenues = [1_500_000, MicrosSum(Int64.max)]
    return Rollup(
      key: RollupKey(view: "v", dimensions: [channel, campaign], windowStart: start),
      windowEnd: start + Self.minute, sums: sums, isFinal: revision > 1, revision: revision)
  }

  private func step(_ from: Int64?, _ through: Int64) -> SinkBatch.Step {
    SinkBatch.Step(topic: "rollups", partition: 2, from: from, through: through)
  }

  private func open(_ database: TestDatabase) throws -> any SQLStore {
    let store = try SQLTarget(database.address)!.open(Self.definitions)
    try store.migrate()
    return store
  }

  @Test(arguments: TestDatabase.Kind.allCases)
  func revisionsReplaceAndDeletionsRemove(kind: TestDatabase.Kind) throws {
    let database = try TestDatabase(kind)
    defer { database.remove() }
    let store = try open(database)
    #expect(try store.savedOffsets(of: "rollups") == [:])
    var batch = SinkBatch()
    batch.add(.rollup(rollup("email", "c-1", clicks: 1)))
    batch.add(.rollup(rollup("email", "c-2", clicks: 2)))
    batch.add(.progress(partition: 2, finalThrough: Self.minute))
    batch.steps = [step(nil, 3)]
    try store.apply(batch)

    batch = SinkBatch()
    batch.add(.rollup(rollup("email", "c-1", clicks: 9, revision: 2)))
    batch.add(.deletion(rollup("email", "c-2", clicks: 0).key))
    batch.add(.rollup(rollup("social", "c-3", clicks: 5)))
    batch.add(.deletion(rollup("social", "c-3", clicks: 0).key))
    batch.steps = [step(3, 7)]
    try store.apply(batch)
    #expect(
      try database.ask(
        """
        SELECT view, channel, campaign_id, ad_id, clicks, revenue_last_touch_micros,
               revenue_linear_micros, revenue_time_decay_micros IS NULL AND final, revision
        FROM rollups;
        """)
        == "v|email|c-1||9|1500000|9223372036854775807|\(kind == .sqlite ? "1" : "t")|2\n")
    #expect(try store.savedOffsets(of: "rollups") == [2: 7])
    #expect(try store.savedOffsets(of: "attributions") == [:])
    store.close()
  }

  @Test(arguments: TestDatabase.Kind.allCases)
  func sumsBeyond64BitsAreExact(kind: TestDatabase.Kind) throws {
    let database = try TestDatabase(kind)
    defer { database.remove() }
    let store = try open(database)
    var large = rollup("email", "c-1", clicks: 1)
    large.sums.spend = -10_000_000_000_000_000_007
    large.sums.revenues = [10_000_000_000_000_000_001, 9]
    var batch = SinkBatch()
    batch.add(.rollup(large))
    batch.steps = [step(nil, 1)]
    try store.apply(batch)
    #expect(
      try database.ask(
        "SELECT spend_micros, revenue_last_touch_micros, revenue_linear_micros FROM rollups;")
        == "-10000000000000000007|10000000000000000001|9\n")
    store.close()
  }

  /// Tables of version 1, which had 64 bits for every sum, are widened and keep their rows.
  @Test(arguments: TestDatabase.Kind.allCases)
  func tablesOfTheFirstVersionAreWidened(kind: TestDatabase.Kind) throws {
    let database = try TestDatabase(kind)
    defer { database.remove() }
    var store = try open(database)
    var batch = SinkBatch()
    batch.add(.rollup(rollup("email", "c-1", clicks: 1)))
    batch.steps = [step(nil, 1)]
    try store.apply(batch)
    store.close()
    _ = try database.ask(
      kind == .sqlite
        ? """
        ALTER TABLE attributions DROP COLUMN deleted;
        ALTER TABLE tributary_offsets DROP COLUMN epoch; PRAGMA user_version = 1;
        """
        : """
        ALTER TABLE attributions DROP COLUMN deleted;
        ALTER TABLE tributary_offsets DROP COLUMN epoch;
        DROP TABLE tributary_staged_rollups, tributary_staged_deletions, tributary_staged_attributions;
        ALTER TABLE rollups ALTER COLUMN spend_micros TYPE BIGINT;
        ALTER TABLE rollups ALTER COLUMN revenue_linear_micros TYPE BIGINT;
        UPDATE tributary_schema SET version = 1;
        """)
    store = try open(database)
    batch = SinkBatch()
    var large = rollup("email", "c-2", clicks: 1)
    large.sums.revenues[1] = 10_000_000_000_000_000_001
    batch.add(.rollup(large))
    batch.steps = [step(1, 2)]
    try store.apply(batch)
    store.close()
    #expect(
      try database.ask(
        "SELECT campaign_id, revenue_linear_micros FROM rollups ORDER BY campaign_id;")
        == "c-1|9223372036854775807\nc-2|10000000000000000001\n")
  }

  @Test(arguments: TestDatabase.Kind.allCases)
  func aBatchThatAnotherWriterHasOvertakenChangesNothing(kind: TestDatabase.Kind) throws {
    let database = try TestDatabase(kind)
    defer { database.remove() }
    let stores = try [open(database), open(database)]
    var batch = SinkBatch()
    batch.add(.rollup(rollup("email", "c-1", clicks: 1)))
    batch.steps = [step(nil, 5)]
    try stores[0].apply(batch)
    let before = try database.dump()

    var late = SinkBatch()
    late.add(.rollup(rollup("email", "c-1", clicks: 77, revision: 2)))
    for from in [nil, 3, 6] as [Int64?] {
      late.steps = [step(from, 9)]
      #expect(throws: SQLError.overtaken(topic: "rollups", partition: 2)) {
        try stores[1].apply(late)
      }
      #expect(try database.dump() == before)
    }
    late.steps = [step(5, 9)]
    try stores[1].apply(late)
    #expect(try database.ask("SELECT clicks FROM rollups;") == "77\n")
    for store in stores { store.close() }
  }

  /// Who has read on while another emptied the tables would leave a gap in them.
  @Test(arguments: TestDatabase.Kind.allCases)
  func tablesThatWereEmptiedAreNotFilledFromTheMiddle(kind: TestDatabase.Kind) throws {
    let database = try TestDatabase(kind)
    defer { database.remove() }
    let stores = try [open(database), open(database)]
    var batch = SinkBatch()
    batch.add(.rollup(rollup("email", "c-1", clicks: 1)))
    batch.steps = [
      SinkBatch.Step(topic: "rollups", partition: 2, from: nil, through: 5, epoch: "e-1")
    ]
    try stores[0].apply(batch)
    #expect(
      try stores[1].savedPositions(of: "rollups") == [2: SavedPosition(offset: 5, epoch: "e-1")])
    try stores[1].startAgain()
    batch.steps = [step(5, 6)]
    #expect(throws: SQLError.overtaken(topic: "rollups", partition: 2)) {
      try stores[0].apply(batch)
    }
    #expect(try database.ask("SELECT count(*) FROM rollups;") == "0\n")
    #expect(try stores[0].savedPositions(of: "rollups") == [:])
    for store in stores { store.close() }
  }

  @Test(arguments: TestDatabase.Kind.allCases)
  func namesStayAsTheyAreAndApart(kind: TestDatabase.Kind) throws {
    let database = try TestDatabase(kind)
    defer { database.remove() }
    let store = try open(database)
    let names = [
      "", "'; DROP TABLE rollups; --", "\\N", "\\.", "a\tb", "a\nb\r", "\\", "\u{e9}", "e\u{301}",
      "🎈", "\u{7F}", "a\u{0}", "a\u{2400}", "a\u{2400}0", "a\u{0}\u{0}", "(unattributed)",
    ]
    var batch = SinkBatch()
    for name in names {
      batch.add(.rollup(rollup(name, "c", clicks: 1)))
      batch.add(
        PublishedAttribution(
          conversionID: name, userID: name, time: -1, value: 1, currency: "EUR",
          touches: [
            .init(kind: .click, time: 0, eventID: name, campaignID: name, channel: name, adID: name)
          ], credits: ["linear": [1_000_000]], revenues: ["linear": [1]], revision: 1),
        of: Array(name.utf8))
    }
    batch.steps = [step(nil, 1)]
    try store.apply(batch)
    let count = "\(names.count)\n"
    #expect(try database.ask("SELECT count(*) FROM rollups;") == count)
    #expect(try database.ask("SELECT count(*) FROM attributions;") == count)
    let plain = names.filter { !$0.contains("\u{0}") && !$0.contains("\u{2400}") }
    let hexadecimal =
      kind == .sqlite
      ? "hex(channel)" : "upper(encode(convert_to(channel, 'UTF8'), 'hex'))"
    let found = try database.ask("SELECT \(hexadecimal) FROM rollups;").split(
      separator: "\n", omittingEmptySubsequences: false)
    for name in plain {
      let bytes = name.utf8.map { String(format: "%02X", $0) }.joined()
      #expect(found.contains(Substring(bytes)), "\(name)")
    }
    let touches =
      kind == .sqlite
      ? "json_extract(touches, '$[0].ad_id')" : "touches -> 0 ->> 'ad_id'"
    // SQLite's JSON functions end a text at its first NUL.
    let readable = kind == .sqlite ? names.count { !$0.contains("\u{0}") } : names.count
    #expect(
      try database.ask("SELECT count(*) FROM attributions WHERE \(touches) = conversion_id;")
        == "\(readable)\n")
    batch = SinkBatch()
    for name in names {
      batch.add(.deletion(rollup(name, "c", clicks: 1).key))
      batch.add(nil, of: Array(name.utf8))
    }
    batch.steps = [step(1, 2)]
    try store.apply(batch)
    #expect(try database.ask("SELECT count(*) FROM rollups;") == "0\n")
    #expect(try database.ask("SELECT count(*) FROM attributions;") == "0\n")
    store.close()
  }

  @Test(arguments: TestDatabase.Kind.allCases)
  func timesOfAnyYearAreStored(kind: TestDatabase.Kind) throws {
    let database = try TestDatabase(kind)
    defer { database.remove() }
    let store = try open(database)
    var batch = SinkBatch()
    let starts = [Time.earliest, -Self.minute, 0, Time.latest + 1 - Self.minute]
    for start in starts { batch.add(.rollup(rollup("x", "y", clicks: 1, start: start))) }
    batch.steps = [step(nil, 1)]
    try store.apply(batch)
    let seconds =
      kind == .sqlite
      ? "unixepoch(window_start)" : "extract(epoch from window_start)::bigint"
    #expect(
      try database.ask("SELECT \(seconds) FROM rollups ORDER BY window_start;")
        == starts.map { "\($0 / 1_000)\n" }.joined())
    store.close()
  }

  @Test(arguments: TestDatabase.Kind.allCases)
  func tablesOfALaterVersionAreLeftAlone(kind: TestDatabase.Kind) throws {
    let database = try TestDatabase(kind)
    defer { database.remove() }
    try open(database).close()
    try open(database).close()
    _ = try database.ask(
      kind == .sqlite ? "PRAGMA user_version = 9;" : "UPDATE tributary_schema SET version = 9;")
    #expect(throws: SQLError.laterVersion(9)) { try open(database) }
  }

  @Test func aDatabaseThatIsNotThereIsSaidWithoutItsPassword() throws {
    let refused = SQLTarget("postgres://someone:hidden-word@127.0.0.1:1/nowhere")!
    #expect {
      try refused.open(Self.definitions)
    } throws: { error in
      guard case SQLError.disconnected = error else { return false }
      return !"\(error)".contains("hidden-word")
    }
    #expect(throws: SQLError.self) {
      try SQLTarget("sqlite:/no/such/folder/file.db")!.open(Self.definitions)
    }
    #expect(SQLTarget("mysql://x") == nil)
    #expect(SQLTarget("sqlite:") == nil)
  }
}
