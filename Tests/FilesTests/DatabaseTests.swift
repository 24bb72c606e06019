import Attribution
import Codec
import Configuration
import Foundation
import SQLite
import Testing

@testable import Files

/// Tables of SQLite files: their numbers, names, and rows that are still in the log.
@Suite struct DatabaseTests {
  @Test func numbersAreTheShortestDecimalsThatStandForThem() {
    for (value, text) in [
      (0.00009, "0.00009"), (0.1, "0.1"), (0.30000000000000004, "0.30000000000000004"),
      (1_767_571_570_250, "1767571570250"), (1e15, "1000000000000000"),
      (1e22, "1" + String(repeating: "0", count: 22)),
      (-2.5, "-2.5"), (-0.0, "0"), (59.9, "59.9"), (123_456.789, "123456.789"), (5e-7, "0.0000005"),
      (1.25e-5, "0.0000125"), (9_007_199_254_740_992, "9007199254740992"),
    ] as [(Double, String)] {
      #expect(String(decoding: RealText.text(value), as: UTF8.self) == text)
      #expect(Double(text) == value)
    }
    #expect(String(decoding: RealText.text(.infinity), as: UTF8.self) == "inf")
  }

  @Test func columnsOfNumbersAreReadExactlyAndNamesWithoutRegardToCase() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("shop.sqlite")
    let database = try SQLiteDatabase(path, .readWrite)
    try database.execute(
      """
      CREATE TABLE costs (Event_ID REAL, EVENT_TIME REAL, Campaign_Id INTEGER, Amount REAL);
      INSERT INTO costs VALUES (7.0, 1767571570250.0, 12, 0.00009), (8, 1767571570251, 12, 1e3)
      """)
    let found = try records(of: path, .cost)
    #expect(
      found.map(\.text) == [
        #"{"event_id":"7","event_time":1767571570250,"campaign_id":"12","amount":"0.00009"}"#,
        #"{"event_id":"8","event_time":1767571570251,"campaign_id":"12","amount":"1000"}"#,
      ])
    let run = FileAttribution(
      Configuration(), files: try FileFinder().find([path]).files, output: folder.path("out.jsonl"),
      attributions: nil)
    let summary = try run.run()
    #expect(summary.counts[.cost]?.accepted == 2)
    let text = String(decoding: try folder.bytes("out.jsonl"), as: UTF8.self)
    #expect(text.contains("\"spend\":\"1000.000090\""))
  }

  /// A database in WAL mode with a row in its file and one that is in the log alone, as a process that was
  /// killed leaves it.
  private func makeLogged(_ folder: TemporaryFolder) throws -> String {
    let database = try SQLiteDatabase(folder.path("live.sqlite"), .readWrite)
    try database.execute(
      """
      PRAGMA journal_mode = WAL;
      CREATE TABLE conversions (event_id, user_id, event_time);
      INSERT INTO conversions VALUES (1, 'u', 5);
      PRAGMA wal_checkpoint(TRUNCATE);
      INSERT INTO conversions VALUES (2, 'v', 6)
      """)
    for suffix in ["", "-wal"] {
      try folder.write("in/shop.sqlite\(suffix)", folder.bytes("live.sqlite\(suffix)"))
    }
    return folder.path("in/shop.sqlite")
  }

  @Test func rowsThatAreStillInTheLogAreReadAndNothingIsWritten() throws {
    let folder = try TemporaryFolder()
    let path = try makeLogged(folder)
    let before = try folder.bytes("in/shop.sqlite")
    #expect(try records(of: path, .conversion).count == 2)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path("in")).sorted()
    #expect(names == ["shop.sqlite", "shop.sqlite-wal"])
    #expect(try folder.bytes("in/shop.sqlite") == before)
    // Without the log there is one row, and no log is made.
    try FileManager.default.removeItem(atPath: path + "-wal")
    #expect(try records(of: path, .conversion).count == 1)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.path("in")) == ["shop.sqlite"])
  }

  @Test func aDatabaseThatAnotherHasOpenIsReadWithItsLog() throws {
    let folder = try TemporaryFolder()
    let database = try SQLiteDatabase(folder.path("shop.sqlite"), .readWrite)
    try database.execute(
      """
      PRAGMA journal_mode = WAL;
      CREATE TABLE conversions (event_id, user_id, event_time);
      INSERT INTO conversions VALUES (1, 'u', 5)
      """)
    #expect(try records(of: folder.path("shop.sqlite"), .conversion).count == 1)
    try database.execute("INSERT INTO conversions VALUES (2, 'u', 5)")
    #expect(try records(of: folder.path("shop.sqlite"), .conversion).count == 2)
  }

  @Test func theLogIsPartOfAFilesContent() throws {
    let folder = try TemporaryFolder()
    let path = try makeLogged(folder)
    let stamp = FileStamp(path)
    let hash = try ContentHash(ofFile: path)
    try folder.write("in/shop.sqlite-wal", folder.bytes("in/shop.sqlite-wal") + [0])
    #expect(FileStamp(path) != stamp)
    #expect(try ContentHash(ofFile: path) != hash)
    let target = try WatchedFolder(folder: folder.path("in")).move(path, to: WatchedFolder.taken)
    #expect(access(target, F_OK) == 0 && access(target + "-wal", F_OK) == 0)
    #expect(try folder.bytes("in/taken/shop.sqlite-wal").count > 0)
  }
}
