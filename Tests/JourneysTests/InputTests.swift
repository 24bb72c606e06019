import Attribution
import Codec
import Foundation
import SQLite
import Testing

@testable import Journeys

/// Journeys out of a SQLite file and out of the attributions topic.
@Suite struct InputTests {
  private let folder: TemporaryFolder
  private var path: String { folder.path("shop.sqlite") }

  init() throws { folder = try TemporaryFolder() }

  private func journeys(
    _ sql: String, _ selection: JourneySelection = JourneySelection()
  ) throws -> [Journey] {
    try JourneyDatabase(try makeDatabase(path, sql)).journeys(selection)
  }

  @Test func aJourneyIsTheSessionsAtOrBeforeTheConversionInOrder() throws {
    let found = try journeys(
      """
      INSERT INTO session_sources VALUES
        ('s3', 'u', '2026-01-05', '10:00:00', 'c', 0, 1, 0),
        ('s2', 'u', '2026-01-05', '09:59:59', 'b', 1, 0, 1),
        ('s1', 'u', '2026-01-04', '23:00:00', 'a', 0, 0, 0),
        ('s0', 'u', '2026-01-05', '09:59:59', 'b', 0, 0, 0),
        ('s4', 'u', '2026-01-05', '10:00:01', 'd', 0, 0, 0),
        ('x', 'other', '2026-01-05', '09:00:00', 'd', 0, 0, 0),
        ('n', NULL, 'never', '', 'd', 0, 0, 0);
      INSERT INTO conversions VALUES ('v', 'u', '2026-01-05', '10:00:00', 59.9),
        ('w', 'nobody', '2026-01-05', '10:00:00', NULL);
      """)
    #expect(found.map(\.conversionID) == ["w", "v"])
    #expect(found[0].sessions.isEmpty)
    #expect(found[1].sessions.map(\.id) == ["s1", "s0", "s2", "s3"])
    #expect(found[1].revenue == 59_900_000)
    #expect(
      String(decoding: JourneyJSON.document([found[1]]), as: UTF8.self).hasSuffix(
        #"""
        {"conversion_id":"v","session_id":"s2","timestamp":"2026-01-05 09:59:59",\#
        "channel_label":"b","holder_engagement":1,"closer_engagement":0,"conversion":0,\#
        "impression_interaction":1},{"conversion_id":"v","session_id":"s3",\#
        "timestamp":"2026-01-05 10:00:00","channel_label":"c","holder_engagement":0,\#
        "closer_engagement":1,"conversion":1,"impression_interaction":0}]}
        """#))
  }

  @Test func datesAndLookbackChooseConversionsAndSessions() throws {
    let database = try makeDatabase(
      path,
      """
      INSERT INTO session_sources VALUES
        ('old', 'u', '2026-01-03', '09:59:59', 'a', 0, 0, 0),
        ('edge', 'u', '2026-01-03', '10:00:00', 'a', 0, 0, 0),
        ('new', 'u', '2026-01-05', '10:00:00', 'a', 0, 0, 0);
      INSERT INTO conversions VALUES ('v1', 'u', '2026-01-04', '23:59:59', 1),
        ('v2', 'u', '2026-01-05', '10:00:00', 1), ('v3', 'u', '2026-01-06', '00:00:00', 1);
      """)
    let source = try JourneyDatabase(database)
    let day = JourneyDay("2026-01-05")!
    let found = try source.journeys(
      JourneySelection(from: day, through: day, lookbackDays: 2))
    #expect(found.map(\.conversionID) == ["v2"])
    #expect(found[0].sessions.map(\.id) == ["edge", "new"])
    #expect(
      try source.journeys(JourneySelection(from: day)).map(\.conversionID) == ["v2", "v3"])
    #expect(try source.estimatedCount(JourneySelection(through: day)) == 2)
  }

  @Test func numbersAsIdsSortAndMatchAsText() throws {
    let found = try journeys(
      """
      INSERT INTO session_sources VALUES (10, 2, '2026-01-05', '09:00', 'a', 0, 0, 0),
        (9, 10, '2026-01-05', '09:00', 'a', 0, 0, 0);
      INSERT INTO conversions VALUES (1, 10, '2026-01-05', '10:00', 1),
        (2, 2, '2026-01-05', '10:00', 1);
      """)
    #expect(found.map { $0.sessions.map(\.id) } == [["9"], ["10"]])
  }

  @Test(arguments: [
    ("59.9", 59_900_000), ("5e-05", 50), ("0.1", 100_000), ("1e3", 1_000_000_000),
    ("0.0000005", 0), ("0.0000015", 2), ("1.1e-5", 11), ("-2.5", -2_500_000),
    ("1000000000000.0", 1_000_000_000_000_000_000),
  ])
  func amountsAreReadExactlyFromTheirText(text: String, micros: Int64) {
    #expect(InputValue.micros(text) == micros)
  }

  @Test(arguments: ["", "12abc", "1,5", "inf", "nan", "0x10", "1e400", "1000000000001", " 1"])
  func whatIsNoAmountIsRefused(text: String) { #expect(InputValue.micros(text) == nil) }

  @Test func everyCentOfARealColumnIsTheCentThatItSays() throws {
    let database = try makeDatabase(path)
    let statement = try database.prepare("SELECT ?")
    for cents in stride(from: Int64(1), through: 5_000_000, by: 997) {
      statement.bind(1, Double(cents) / 100)
      _ = try statement.step()
      #expect(try InputValue.money(statement, 0, "", row: { "" }) == cents * 10_000)
      statement.reset()
    }
  }

  @Test(arguments: [
    (
      "INSERT INTO conversions VALUES ('v', 'u', '2026-02-30', '10:00:00', 1)",
      #"conversion "v": conv_date "2026-02-30" is no date such as 2026-01-05"#
    ),
    (
      "INSERT INTO conversions VALUES ('v', 'u', '2026-02-03', '24:00:00', 1)",
      #"conversion "v": conv_time "24:00:00" is no time such as 08:30:00"#
    ),
    (
      "INSERT INTO conversions VALUES ('v', 'u', NULL, '10:00:00', 1)",
      #"conversion "v": conv_date null is no date such as 2026-01-05"#
    ),
    (
      "INSERT INTO conversions VALUES ('v', 'u', '2026-02-03', '10:00', 'much')",
      #"conversion "v": revenue "much" is no amount such as 12.50"#
    ),
    (
      "INSERT INTO conversions VALUES ('v', NULL, '2026-02-03', '10:00', 1)",
      #"conversion "v" has no user_id"#
    ),
    (
      """
      INSERT INTO conversions VALUES ('v', 'u', '2026-02-03', '10:00', 1);
      INSERT INTO session_sources VALUES ('s', 'u', '03.02.2026', '10:00', 'a', 0, 0, 0)
      """, #"session "s": event_date "03.02.2026" is no date such as 2026-01-05"#
    ),
    (
      """
      INSERT INTO conversions VALUES ('v', 'u', '2026-02-03', '10:00', 1);
      INSERT INTO session_sources VALUES ('s', 'u', '2026-02-03', '10:00', 'a', 2, 0, 0)
      """, #"session "s": holder_engagement "2" is neither 0 nor 1"#
    ),
    (
      """
      INSERT INTO conversions VALUES ('v', 'u', '2026-02-03', '10:00', 1);
      INSERT INTO session_sources VALUES ('s', 'u', '2026-02-03', '10:00', 'a', 1, 0, 0),
        ('s', 'u', '2026-02-03', '09:00', 'a', 1, 0, 0)
      """, #"session "s" stands more than once in session_sources or session_costs"#
    ),
    (
      """
      INSERT INTO conversions VALUES ('v', 'u', '2026-02-03', '10:00', 1),
        ('v', 'u', '2026-02-03', '10:00', 1)
      """, #"table conversions has conv_id "v" more than once"#
    ),
    ("ALTER TABLE conversions DROP COLUMN revenue", "table conversions has no column revenue"),
    (
      "CREATE TABLE session_costs (session_id TEXT)",
      "table session_costs has no column cost"
    ),
    (
      "DROP TABLE session_sources",
      "there is no table session_sources; journeys are made of session_sources (session_id, user_id, "
        + "event_date, event_time, channel_name, holder_engagement, closer_engagement, "
        + "impression_interaction) and conversions (conv_id, user_id, conv_date, conv_time, revenue)"
    ),
  ])
  func whatCannotBeReadIsNamed(sql: String, problem: String) throws {
    let error = #expect(throws: JourneyError.self) { _ = try journeys(sql) }
    #expect(error?.description == "\(path): \(problem)")
  }

  @Test func costsAreReadWhereThereAreAny() throws {
    let sessions = """
      INSERT INTO conversions VALUES ('v', 'u', '2026-02-03', '10:00', 1);
      INSERT INTO session_sources VALUES ('s1', 'u', '2026-02-03', '08:00', 'a', 0, 0, 0),
        ('s2', 'u', '2026-02-03', '09:00', 'a', 0, 0, 0);
      """
    #expect(try journeys(sessions)[0].sessions.map(\.cost) == [0, 0])
    let database = try SQLiteDatabase(path, .existing)
    try database.execute(
      "CREATE TABLE session_costs (session_id, cost REAL); "
        + "INSERT INTO session_costs VALUES ('s2', 0.07)")
    #expect(try JourneyDatabase(database).journeys()[0].sessions.map(\.cost) == [0, 70_000])
  }

  @Test func theNewestAttributionOfAConversionIsItsJourney() throws {
    func record(_ id: String, _ touches: String, revision: Int) -> (String, String?) {
      (
        id,
        """
        {"conversion_id":"\(id)","user_id":"u-1","event_time":"2026-01-05T00:06:10.250Z",\
        "value":"59.900000","currency":"EUR","touches":[\(touches)],"credit":{},"revenue":{},\
        "revision":\(revision)}
        """
      )
    }
    func touch(_ id: String, _ kind: String, _ time: String) -> String {
      """
      {"event_id":"\(id)","kind":"\(kind)","event_time":"2026-01-05T\(time)Z","campaign_id":"c-7",\
      "channel":"email","ad_id":""}
      """
    }
    let early = touch("k2", "click", "00:01:02.400")
    let late = touch("k1", "impression", "00:01:02.500")
    let source = try AttributionsInput.source(
      RecordList(records: [
        record("v-1", late, revision: 1), record("v-2", early, revision: 1),
        record("v-1", "\(early),\(late)", revision: 2), record("v-3", "", revision: 1),
        ("v-2", nil),
      ]))
    let found = try source.journeys()
    #expect(found.map(\.conversionID) == ["v-1", "v-3"])
    #expect(found[0].sessions.map(\.id) == ["k2", "k1"])
    #expect(found[0].sessions.map(\.hasHolderEngagement) == [true, false])
    #expect(found[0].sessions.map(\.isImpression) == [false, true])
    #expect(found[0].sessions.map(\.channel) == ["email", "email"])
    #expect(found[0].revenue == 59_900_000)
    #expect(found[0].time == Time.parse("2026-01-05T00:06:10.250Z"))
    #expect(found[1].sessions.isEmpty)
  }

  @Test func theGeneratedDatabaseIsTheSameForTheSameSeedAndHalfOfTheJourneysAreSingle() throws {
    func make(_ name: String, seed: UInt64) throws -> [Journey] {
      let database = try SQLiteDatabase(folder.path(name), .readWrite)
      var exercise = ExerciseDatabase(
        seed: seed, conversions: 600, firstDay: JourneyDay("2026-01-05")!, days: 7)
      _ = try exercise.write(to: database)
      return try JourneyDatabase(database).journeys()
    }
    let first = try make("a", seed: 1)
    #expect(try make("b", seed: 1) == first)
    #expect(try make("c", seed: 2) != first)
    let single = first.filter { $0.sessions.count == 1 }.count
    #expect((first.count * 45 / 100...first.count * 55 / 100).contains(single))
    #expect(first.allSatisfy { !$0.sessions.isEmpty })
  }
}

private struct RecordList: AttributionRecords {
  let records: [(String, String?)]

  func read(
    _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer?) throws -> Void
  ) throws {
    for (key, value) in records {
      try Array(key.utf8).withUnsafeBytes { key in
        guard let value else { return try body(key, nil) }
        try Array(value.utf8).withUnsafeBytes { try body(key, $0) }
      }
    }
  }
}
