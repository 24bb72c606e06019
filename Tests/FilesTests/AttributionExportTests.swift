import Attribution
import Codec
import Foundation
import Reporting
import Testing

@testable import Files

/// Conversions of days as files: each once, as it was published last, on the day of its time.
@Suite struct AttributionExportTests {
  private static let day = CalendarDay("2026-03-29")!
  private static let berlin = ZonedCalendar("Europe/Berlin")!
  private static let definitions: Definitions = {
    var definitions = Definitions()
    definitions.models = [.lastTouch, .linear]
    return definitions
  }()

  private static func conversion(
    _ id: String, at time: String, value: String = "10.000000", touches: Int = 0, revision: Int = 1,
    isDeleted: Bool = false
  ) -> String {
    let clicks = (0..<touches).map { number in
      #"{"event_id":"k-\#(number)","kind":"click","#
        + #""event_time":"2026-03-28T20:00:0\#(number).000Z","#
        + #""campaign_id":"c,1","channel":"email","ad_id":""}"#
    }
    func shares(_ amount: String) -> String {
      "[" + (0..<touches).map { _ in "\"\(amount)\"" }.joined(separator: ",") + "]"
    }
    return #"{"conversion_id":"\#(id)","user_id":"u-1","event_time":"\#(time)","#
      + #""value":"\#(value)","#
      + #""currency":"EUR","touches":[\#(clicks.joined(separator: ","))]"#
      + (isDeleted ? #","deleted":true"# : "")
      + #","credit":{"last_touch":\#(shares("0.500000")),"linear":\#(shares("0.500000"))},"#
      + #""revenue":{"last_touch":\#(shares("5.000000")),"linear":\#(shares("4.999999"))},"#
      + #""revision":\#(revision)}"#
  }

  private static func store(
    _ folder: TemporaryFolder, days: Int64 = 2, _ records: [(id: String, value: String?)]
  ) throws -> AttributionStore {
    let range = berlin.range(of: day...day.advanced(by: days - 1))
    let store = try AttributionStore(in: folder.path("out"), range: range)
    for (id, value) in records {
      try Array(id.utf8).withUnsafeBytes { key in
        guard let value else {
          try store.put(key, nil)
          return
        }
        try Array(value.utf8).withUnsafeBytes { value in try store.put(key, value) }
      }
    }
    return store
  }

  private static func export(
    _ store: AttributionStore, _ folder: TemporaryFolder, as format: ExportFormat = .csv,
    through end: Milliseconds = berlin.range(of: day).upperBound
  ) throws -> AttributionExport {
    try AttributionExport(
      store, definitions, berlin, finalThrough: end, to: folder.path("out"), as: format)
  }

  private static func lines(
    _ export: AttributionExport, _ day: CalendarDay = day
  ) throws -> [String] {
    try String(contentsOfFile: export.path(of: day), encoding: .utf8)
      .split { $0.isNewline }.map(String.init)
  }

  @Test func aDayHoldsItsConversionsOnceByTimeAndID() throws {
    let folder = try TemporaryFolder()
    let first = "2026-03-28T23:00:00.000Z"
    let last = "2026-03-29T21:59:59.999Z"
    let store = try Self.store(
      folder,
      [
        ("before", Self.conversion("before", at: "2026-03-28T22:59:59.999Z")),
        ("b", Self.conversion("b", at: last, touches: 2)),
        ("a", Self.conversion("a", at: last, value: "0.000000", revision: 2, isDeleted: true)),
        ("z", Self.conversion("z", at: first)),
        ("after", Self.conversion("after", at: "2026-03-29T22:00:00.000Z")),
      ])
    let export = try Self.export(store, folder)
    #expect(try export.write(Self.day) == .written(records: 3))
    #expect(export.path(of: Self.day) == folder.path("out/attributions-2026-03-29.csv"))
    let click = "click,2026-03-28T20:00:0"
    let shares = "\"c,1\",email,,0.500000,5.000000,0.500000,4.999999,false"
    #expect(
      try Self.lines(export) == [
        "conversion_id,user_id,event_time,value,currency,touch_id,touch_kind,touch_time,campaign_id,channel,ad_id,"
          + "credit_last_touch,revenue_last_touch,credit_linear,revenue_linear,deleted",
        "z,u-1,\(first),10.000000,EUR,,,,,,,,,,,false",
        "a,u-1,\(last),0.000000,EUR,,,,,,,,,,,true",
        "b,u-1,\(last),10.000000,EUR,k-0,\(click)0.000Z,\(shares)",
        "b,u-1,\(last),10.000000,EUR,k-1,\(click)1.000Z,\(shares)",
      ])
    // The next day is not over.
    #expect(try export.write(Self.day.advanced(by: 1)) == .notFinal)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.path("out"))
        == ["attributions-2026-03-29.csv"])
  }

  @Test func linesAreTheRecordsThatWerePublishedLast() throws {
    let folder = try TemporaryFolder()
    let noon = "2026-03-29T12:00:00.000Z"
    let next = "2026-03-30T12:00:00.000Z"
    let old = "2026-02-01T12:00:00.000Z"
    let corrected = Self.conversion("corrected", at: noon, touches: 1, revision: 2)
    let moved = Self.conversion("moved", at: next, revision: 2)
    let returned = Self.conversion("returned", at: noon, revision: 3)
    let store = try Self.store(
      folder,
      [
        ("corrected", Self.conversion("corrected", at: noon)),
        ("moved", Self.conversion("moved", at: noon)), ("moved", moved),
        ("left", Self.conversion("left", at: noon)),
        ("left", Self.conversion("left", at: old, revision: 2)),
        ("returned", Self.conversion("returned", at: noon)),
        ("returned", Self.conversion("returned", at: old, revision: 2)), ("returned", returned),
        ("erased", Self.conversion("erased", at: noon)), ("erased", nil), ("never", nil),
        ("corrected", corrected),
      ])
    let end = Self.berlin.range(of: Self.day.advanced(by: 1)).upperBound
    let export = try Self.export(store, folder, as: .jsonl, through: end)
    #expect(try export.write(Self.day) == .written(records: 2))
    #expect(try Self.lines(export) == [corrected, returned])
    #expect(try export.write(Self.day.advanced(by: 1)) == .written(records: 1))
    #expect(try Self.lines(export, Self.day.advanced(by: 1)) == [moved])
  }

  @Test func whatWasInterruptedGoesOnBehindTheDaysThatAreThere() throws {
    let folder = try TemporaryFolder()
    let count = 3_000
    var records: [(id: String, value: String?)] = (0..<count).map { number in
      let day = 29 + number % 2
      let hour = number % 20 + 1
      return (
        id: "v-\(number)",
        value: Self.conversion(
          "v-\(number)", at: "2026-03-\(day)T\(hour < 10 ? "0" : "")\(hour):00:00.000Z", touches: 3)
      )
    }
    let end = Self.berlin.range(of: Self.day.advanced(by: 1)).upperBound
    let next = Self.day.advanced(by: 1)
    // The second day's place is taken by a folder: its file cannot get there.
    let first = try Self.export(try Self.store(folder, records), folder, through: end)
    try FileManager.default.createDirectory(
      atPath: first.path(of: next), withIntermediateDirectories: false)
    #expect(try first.write(Self.day) == .written(records: count / 2))
    #expect(throws: FileError.self) { try first.write(next) }
    try FileManager.default.removeItem(atPath: first.path(of: next))
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.path("out")).count == 1)
    let again = try Self.export(try Self.store(folder, records), folder, through: end)
    #expect(try again.write(Self.day) == .unchanged(records: count / 2))
    #expect(try again.write(next) == .written(records: count / 2))
    // A correction changes its own day.
    records.append(("v-1", Self.conversion("v-1", at: "2026-03-30T02:00:00.000Z", revision: 2)))
    let corrected = try Self.export(try Self.store(folder, records), folder, through: end)
    #expect(try corrected.write(Self.day) == .unchanged(records: count / 2))
    #expect(try corrected.write(next) == .written(records: count / 2))
    #expect(try Self.lines(corrected, next).count == 1 + (count / 2 - 1) * 3 + 1)
  }

  @Test func whatCannotBeReadIsNotPassedOver() throws {
    let folder = try TemporaryFolder()
    let good = Self.conversion("v", at: "2026-03-29T12:00:00.000Z", touches: 1)
    for bad in ["{}", "nothing", good.replacing(#""linear":["0.500000"]"#, with: #""linear":[]"#)] {
      #expect(throws: UnreadableRecord.self) { _ = try Self.store(folder, [("v", bad)]) }
    }
    #expect(throws: FileError.self) {
      _ = try AttributionStore(in: folder.path("a/b"), range: 0..<1)
    }
  }
}
