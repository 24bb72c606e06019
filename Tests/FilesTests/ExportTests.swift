import Attribution
import Codec
import Foundation
import Reporting
import Testing

@testable import Files

/// Days as files: whole, in order, written when there is something new to say, and only then.
@Suite struct ExportTests {
  private static let minute: Milliseconds = 60_000
  private static let day = CalendarDay("2026-03-29")!
  private static let berlin = ZonedCalendar("Europe/Berlin")!
  private static let range = berlin.range(of: day)
  private static let definitions: Definitions = {
    var definitions = Definitions()
    definitions.models = [.lastTouch, .linear]
    definitions.views = [
      View(name: "channel_5m", dimensions: [.channel], periodMilliseconds: 5 * minute),
      View(name: "both_1h", dimensions: [.campaignID, .channel], periodMilliseconds: 60 * minute),
    ]
    return definitions
  }()

  private static func rollup(
    _ view: String, _ names: [String], at time: Milliseconds, clicks: Int64, revision: Int64 = 1
  ) -> RollupsRecord {
    var sums = RollupSums(modelCount: 2)
    sums.clicks = clicks
    sums.credits = [1_500_000, 500_000]
    sums.revenues = [12_340_000, 1]
    let period = view == "both_1h" ? 60 * minute : 5 * minute
    return .rollup(
      Rollup(
        key: RollupKey(view: view, dimensions: names, windowStart: time), windowEnd: time + period,
        sums: sums, isFinal: true, revision: revision))
  }

  /// The first and the last window of the day, and the windows around it.
  private static func board(through end: Milliseconds = range.upperBound) -> RollupBoard {
    var board = RollupBoard(definitions, partitionCount: 1)
    for (time, clicks): (Milliseconds, Int64) in [
      (range.lowerBound - 60 * minute, 100), (range.lowerBound, 2),
      (range.upperBound - 60 * minute, 3),
      (range.upperBound, 100),
    ] {
      for names in [["b", "=x"], ["a", "email"], ["a", ""]] {
        board.apply(rollup("both_1h", names, at: time, clicks: clicks))
      }
      board.apply(rollup("channel_5m", ["e,mail"], at: time, clicks: clicks))
    }
    board.apply(.progress(partition: 0, finalThrough: end))
    return board
  }

  private static func export(
    _ board: RollupBoard, to folder: String, as format: ExportFormat = .csv,
    views: [View] = definitions.views, _ calendar: ZonedCalendar = berlin
  ) throws -> RollupExport {
    try RollupExport(board, definitions, calendar, views: views, to: folder, as: format)
  }

  private static func text(_ export: RollupExport) throws -> String {
    try String(contentsOfFile: export.path(of: day), encoding: .utf8)
  }

  @Test func aDayHoldsItsRollupsOnceByViewWindowAndNames() throws {
    let folder = try TemporaryFolder()
    let export = try Self.export(Self.board(), to: folder.path("new"))
    #expect(try export.write(Self.day) == .written(records: 8))
    #expect(export.path(of: Self.day) == folder.path("new/rollups-2026-03-29.csv"))
    let sums = "1.500000,12.340000,0.500000,0.000001,0.000000,EUR,true,1"
    let first = "2026-03-28T23:00:00Z"
    let last = "2026-03-29T21:00:00Z"
    #expect(
      try Self.text(export).split(separator: "\r\n") == [
        "view,window_start,window_end,campaign_id,channel,ad_id,impressions,clicks,users,sessions,"
          + "conversions_last_touch,revenue_last_touch,conversions_linear,revenue_linear,spend,currency,final,revision",
        "channel_5m,\(first),2026-03-28T23:05:00Z,,\"e,mail\",,0,2,0,0,\(sums)",
        "channel_5m,\(last),2026-03-29T21:05:00Z,,\"e,mail\",,0,3,0,0,\(sums)",
        "both_1h,\(first),2026-03-29T00:00:00Z,a,,,0,2,0,0,\(sums)",
        "both_1h,\(first),2026-03-29T00:00:00Z,a,email,,0,2,0,0,\(sums)",
        "both_1h,\(first),2026-03-29T00:00:00Z,b,=x,,0,2,0,0,\(sums)",
        "both_1h,\(last),2026-03-29T22:00:00Z,a,,,0,3,0,0,\(sums)",
        "both_1h,\(last),2026-03-29T22:00:00Z,a,email,,0,3,0,0,\(sums)",
        "both_1h,\(last),2026-03-29T22:00:00Z,b,=x,,0,3,0,0,\(sums)",
      ])
    let one = try Self.export(
      Self.board(), to: folder.path("one"), views: [Self.definitions.views[0]])
    #expect(try one.write(Self.day) == .written(records: 2))
  }

  @Test func linesAreRecordsOfTheTopic() throws {
    let folder = try TemporaryFolder()
    let export = try Self.export(Self.board(), to: folder.path("."), as: .jsonl)
    #expect(try export.write(Self.day) == .written(records: 8))
    let codec = RollupCodec(definitions: Self.definitions)
    let read = try Self.text(export).split(separator: "\n").map { try codec.decode(Array($0.utf8)) }
    #expect(read.count == 8 && read[7].key.dimensions == ["b", "=x"] && read[7].sums.clicks == 3)
    #expect(read.allSatisfy { $0.sums.revenues == [12_340_000, 1] && $0.isFinal })
    #expect(try export.write(Self.day) == .unchanged(records: 8))
  }

  @Test func aFileIsTouchedOnlyByACorrection() throws {
    let folder = try TemporaryFolder()
    let first = try Self.export(Self.board(), to: folder.path("."))
    #expect(try first.write(Self.day) == .written(records: 8))
    let before = try Self.number(of: first.path(of: Self.day))
    // Other days may change as they like.
    var board = Self.board(through: Self.range.upperBound + 60 * Self.minute)
    board.apply(
      Self.rollup("channel_5m", ["e,mail"], at: Self.range.upperBound, clicks: 7, revision: 2))
    #expect(try Self.export(board, to: folder.path(".")).write(Self.day) == .unchanged(records: 8))
    #expect(try Self.number(of: first.path(of: Self.day)) == before)
    board.apply(
      Self.rollup("channel_5m", ["e,mail"], at: Self.range.lowerBound, clicks: 7, revision: 2))
    let corrected = try Self.export(board, to: folder.path("."))
    #expect(try corrected.write(Self.day) == .written(records: 8))
    #expect(try Self.number(of: first.path(of: Self.day)) != before)
    #expect(try Self.text(corrected).contains(",0,7,0,0,"))
    // Half a file, and one that is longer, are not the day.
    let whole = try Self.text(corrected)
    for text in [String(whole.dropLast(9)), whole + "x"] {
      try text.write(
        toFile: corrected.path(of: Self.day), atomically: false, encoding: .utf8)
      #expect(try corrected.write(Self.day) == .written(records: 8))
    }
    #expect(try corrected.write(Self.day) == .unchanged(records: 8))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path(".")).count == 1)
  }

  @Test func aDayThatIsNotFinalOrDoesNotFitHasNoFile() throws {
    let folder = try TemporaryFolder()
    let open = try Self.export(
      Self.board(through: Self.range.upperBound - 1), to: folder.path("."))
    #expect(try open.write(Self.day) == .notFinal)
    let kolkata = try Self.export(
      Self.board(through: Self.range.upperBound + 86_400_000), to: folder.path("."),
      ZonedCalendar("Asia/Kolkata")!)
    #expect(throws: ReportingError.unaligned(view: "both_1h", "Asia/Kolkata")) {
      try kolkata.write(Self.day)
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path(".")) == [])
    #expect(throws: FileError.self) { try Self.export(Self.board(), to: folder.path("a/b")) }
    // Nothing happened: that is said, too.
    let later = try Self.export(
      Self.board(through: Self.range.upperBound + 10 * 86_400_000), to: folder.path("."))
    #expect(try later.write(Self.day.advanced(by: 4)) == .written(records: 0))
  }

  private static func number(of path: String) throws -> UInt64 {
    try #require(
      FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? UInt64)
  }
}
