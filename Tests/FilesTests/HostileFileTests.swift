import Attribution
import Configuration
import Foundation
import Testing

@testable import Files

/// Files that nobody would want are answered in one line or counted, and never crash.
@Suite struct HostileFileTests {
  private static let good = #"{"event_id":"1","user_id":"u","event_time":1767571570250}"#

  private func attribute(
    _ name: String, _ bytes: [UInt8], brokenShare: Double = 1
  ) throws -> FileAttribution.Summary {
    let folder = try TemporaryFolder()
    let path = try folder.write(name, bytes)
    let files = try FileFinder().find([path]).files
    var run = FileAttribution(
      Configuration(), files: files, output: folder.path("out.csv"), attributions: nil)
    run.brokenShare = brokenShare
    return try run.run()
  }

  @Test(arguments: [
    ("conversions.csv", "", "is empty: it has no header"),
    ("conversions.csv", "\n\n", "is empty: it has no header"),
    ("conversions.csv", "1,2,3\n4,5,6\n", "has no column \"event_id\""),
    ("conversions.csv", "event_id,user_id,event_time\n1,\"u\n", ":2: a quote that opens"),
    ("conversions.tsv", "event_id,user_id,event_time\n", "has no column \"event_id\""),
    ("conversions.jsonl.gz", "\u{1F}\u{8B}", "is cut off"),
    ("conversions.sqlite", "not a database, but long enough to look for a header in it", "not a"),
    ("conversions.sqlite", "", "has no table"),
    ("conversions.txt", "x", "its name does not say what it is"),
    ("orders.jsonl", "x", "its name does not say whether it holds"),
  ])
  func whatCannotBeReadIsSaidInOneLine(_ name: String, _ content: String, _ complaint: String) {
    var bytes = Array(content.utf8)
    if content == "\u{1F}\u{8B}" { bytes = [0x1F, 0x8B] }
    let error = #expect(throws: FileError.self) { _ = try attribute(name, bytes) }
    #expect(error?.description.contains(complaint) == true, "\(error!)")
    #expect(error?.description.contains("\n") == false)
  }

  @Test func whatCanNeverBeUsedIsCountedAndFoundAgain() throws {
    let lines = [
      Self.good, "", "{", String(repeating: "x", count: 100_000), "[]", "{}",
      Self.good.replacing("\"u\"", with: "7.5"), Self.good.replacing("1767", with: "9967"),
      Self.good.replacing("}", with: ",\"currency\":\"USD\"}"),
    ]
    let summary = try attribute(
      "conversions.jsonl", Array(lines.joined(separator: "\r\n").utf8) + [0x0A, 0xFF, 0xFE, 0x00])
    let counts = summary.counts[.conversion]
    #expect(counts?.records == 9 && counts?.accepted == 1 && counts?.deadLetters == 8)
    let faults = summary.rejected.deadLetters[.conversion]
    #expect(
      faults?.byReason == [
        "malformed_json": 3, "too_large": 1, "missing_field": 1, "invalid_field": 1,
        "future_event": 1, "wrong_currency": 1,
      ])
    let examples = try #require(faults).sorted.map { group, count in
      "\(group.name) \(count.count) \(count.example.place.split(separator: ":").last!)"
    }
    #expect(
      examples == [
        "malformed_json 3 3", "future_event event_time 1 8", "invalid_field user_id 1 7",
        "missing_field event_id 1 6", "too_large 1 4", "wrong_currency currency 1 9",
      ])
  }

  @Test func anEmptyFileHasNoRecords() throws {
    #expect(try attribute("conversions.jsonl", []).counts[.conversion]?.records == 0)
    let header = Array("event_id,user_id,event_time\r\n".utf8)
    #expect(try attribute("conversions.csv", header).counts[.conversion]?.records == 0)
  }

  @Test(
    arguments: [
      ("conversions.jsonl", []), ("conversions.csv", []), ("conversions.sqlite", []),
      ("clicks.tsv.gz", []),
      ("conversions.json", [0x5B]), ("conversions.csv", [0xFF, 0xFE]),
      ("conversions.jsonl", [0xFE, 0xFF]),
      ("conversions.csv", [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3]),
      ("conversions.jsonl", [0x28, 0xB5, 0x2F, 0xFD]),
      ("conversions.csv", Array("event_id,user_id,event_time\n".utf8)),
    ] as [(String, [UInt8])])
  func junkNeverCrashes(_ name: String, _ start: [UInt8]) {
    for seed in 0..<40 {
      var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1
      let bytes = (0..<(seed * 97)).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: state >> 56)
      }
      do {
        let summary = try attribute(name, start + bytes)
        #expect(summary.counts.values.reduce(0) { $0 + $1.accepted } == 0)
      } catch { #expect(error is FileError) }
    }
  }

  @Test func zerosAreText() throws {
    let lines = [Self.good.replacing("\"u\"", with: "\"\0\""), Self.good, "\0"]
    let summary = try attribute("conversions.jsonl", Array(lines.joined(separator: "\n").utf8))
    #expect(summary.counts[.conversion]?.accepted == 1)
    let table = try attribute(
      "conversions.csv", Array("event_id,user_id,event_time\n\0,\0,5\0\n1,\0,1767571570250\n".utf8))
    #expect(table.counts[.conversion]?.accepted == 1 && table.counts[.conversion]?.deadLetters == 1)
  }

  @Test func whatComesTooLateIsSaid() throws {
    let late = Self.good.replacing("\"1\"", with: "\"2\"").replacing("17675", with: "17673")
    let summary = try attribute("conversions.jsonl", Array("\(Self.good)\n\(late)\n".utf8))
    #expect(summary.counts[.conversion]?.tooLate == 1)
    #expect(summary.rejected.tooLate[.conversion]?.hasSuffix("conversions.jsonl:2") == true)
  }

  @Test func aResultThatCannotBeWrittenLeavesNothingBehind() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("conversions.jsonl", Self.good)
    let files = try FileFinder().find([path]).files
    let before = folder.names
    #expect(throws: FileError.self) {
      try FileAttribution(
        Configuration(), files: files, output: "/proc/nowhere/out.csv",
        attributions: nil
      ).run()
    }
    #expect(throws: FileError("\(path) is one of the files to read; write to another")) {
      try FileAttribution(
        Configuration(), files: files, output: folder.path("out.csv"),
        attributions: path
      ).run()
    }
    #expect(throws: FileAttribution.Stopped.self) {
      try FileAttribution(
        Configuration(), files: files, output: folder.path("out.csv"),
        attributions: nil
      ).run(shouldStop: { true })
    }
    #expect(folder.names == before)
  }
}
