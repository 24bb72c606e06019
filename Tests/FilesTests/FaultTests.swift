import Attribution
import Foundation
import Testing

@testable import Configuration
@testable import Files

/// Every usual mistake is named with the place, the field, the value, and what helps.
@Suite struct FaultTests {
  /// The faults of a file, as they are shown.
  private func faults(
    _ name: String, _ content: [UInt8], _ entries: String...
  ) throws -> [String] {
    let folder = try TemporaryFolder()
    let path = try folder.write(name, content)
    let inputs = entries.map { "  - {\($0)}\n" }.joined()
    let settings = try Configuration.load(yaml: inputs.isEmpty ? "" : "inputs:\n" + inputs)
    let files = try FileFinder(rules: FileRules(settings)).find([path]).files
    return try files.flatMap { file in
      try FileSurvey(file, settings.definitions, now: 1_790_000_000_000, shouldStop: { false })
        .faults
    }.map { String($0.line.dropFirst(folder.url.path.count + 1)) }
  }

  private func faults(_ name: String, _ text: String, _ entries: String...) throws -> [String] {
    try entries.isEmpty
      ? faults(name, Array(text.utf8)) : faults(name, Array(text.utf8), entries[0])
  }

  private static let header = "event_id,user_id,event_time,value,currency\n"

  @Test(arguments: [
    ("05.01.2026", "inputs can read it, with format: \"%d.%m.%Y\" and its timezone"),
    ("05.01.2026 13:07", "inputs can read it, with format: \"%d.%m.%Y %H:%M\" and its timezone"),
    (
      "05/01/2026",
      "inputs can read it, with format: \"%d/%m/%Y\" (or \"%m/%d/%Y\") and its timezone"
    ),
    ("13/01/2026", "inputs can read it, with format: \"%d/%m/%Y\" and its timezone"),
    (
      "2026-01-05 00:00:00",
      "inputs can read it, with format: \"%Y-%m-%d %H:%M:%S\" and its timezone"
    ),
    ("2026-01-05", "inputs can read it, with format: \"%Y-%m-%d\" and its timezone"),
    ("Jan 5, 2026", "inputs can read it, with format: \"%b %d, %Y\" and its timezone"),
    ("1767571570.5", "if these are seconds, inputs can read them, with unit: s"),
    ("46027", "if this is a spreadsheet's number of a day, save the column as text"),
    ("Total: account", "this looks like a line of totals"),
  ])
  func aTimeThatIsNone(_ text: String, _ advice: String) throws {
    let found = try faults("conversions.csv", Self.header + "1,u,\"\(text)\",,\n")
    guard text != "46027" else {
      return #expect(found[0].hasSuffix(advice))
    }
    #expect(found == ["conversions.csv:2: event_time: \"\(text)\" is not a time; \(advice)"])
  }

  @Test func aTimeInSecondsIsBeforeTheEarliest() throws {
    #expect(
      try faults("conversions.csv", Self.header + "1,u,1767571570,,\n") == [
        "conversions.csv:2: event_time: \"1767571570\" is before 2000-01-01T00:00:00Z, the "
          + "earliest_event_time; if these are seconds, inputs can read them, with unit: s"
      ])
  }

  @Test(arguments: [
    ("12,50", "inputs can read it, with decimal: \",\""),
    ("1.234,56", "inputs can read it, with decimal: \",\""),
    ("1,234.56", "inputs can read it, with decimal: \".\""),
    ("1,234", "decimal: \",\" or decimal: \".\" in inputs says what the sign means"),
    ("12.50 €", "inputs can read it, with decimal: \".\""),
    ("$12.50", "it has the sign of another currency than EUR"),
    ("-5", "amounts are not negative; a refund is another version of its conversion"),
    ("0.1234567", "more than six decimals are rounded with excess_decimals: round"),
  ])
  func anAmountThatIsNone(_ text: String, _ advice: String) throws {
    #expect(
      try faults("conversions.csv", Self.header + "1,u,1767571570250,\"\(text)\",\n")
        == ["conversions.csv:2: value: \"\(text)\" is not an amount; \(advice)"])
  }

  @Test func otherFieldsAreNamedWithoutIdsOfUsers() throws {
    let long = String(repeating: "s", count: 129)
    let found = try faults(
      "conversions.csv",
      Self.header + "1,secret\(long),1767571570250,,\n2,,1767571570250,,\n3,u,1767571570250,,USD\n"
        + "4,u,2090-01-01T00:00:00Z,,\n5,u\n6,u,1767571570250,1,EUR,x\n")
    #expect(
      found == [
        "conversions.csv:2: user_id: is 135 bytes long; 128 are the most",
        "conversions.csv:3: user_id: is missing",
        "conversions.csv:4: currency: \"USD\" is not EUR, the configured currency",
        "conversions.csv:5: event_time: \"2090-01-01T00:00:00Z\" lies further ahead of the clock than "
          + "max_future_skew",
        "conversions.csv:6: 2 fields, but the header has 5",
        "conversions.csv:7: 6 fields, but the header has 5",
      ])
  }

  @Test(arguments: [
    (
      #"{"event_id":"1","user_id":"u","timestamp":1}"#,
      "event_time: is missing; \"timestamp\" may be it: inputs or --map event_time=timestamp says so"
    ),
    (
      #"{"event_id":"1","userId":"u","event_time":1767571570250}"#,
      "user_id: is missing; \"userId\" may be it: inputs or --map user_id=userId says so"
    ),
    (#"{"event_id":"1","user_id":"","event_time":1767571570250}"#, "user_id: is empty"),
    (
      #"{"event_id":"1","user_id":"u","event_time":1767571570250,"value":true}"#,
      "value: \"true\" is not an amount"
    ),
    (
      #"{"event_id":"1","user_id":["u"],"event_time":1767571570250}"#,
      "user_id: is no text, but an array"
    ),
    (
      #"{"event_id":1.5,"user_id":"u","event_time":1767571570250}"#,
      "event_id: is a number that is no integer; write it in quotes"
    ),
    (
      #"{"event_id":"\ud800","user_id":"u","event_time":1767571570250}"#,
      "event_id: is no text: it holds half of a surrogate pair"
    ),
    (
      "{",
      "the JSON object does not end on its line; write every object on one line, or all of them as one array"
    ),
    (
      "{'event_id': 1}",
      "is not well-formed JSON; JSON has double quotes; this is how Python prints a dict"
    ),
    (#"{"event_id":NaN}"#, "is not well-formed JSON; JSON has no NaN"),
    (#"{"event_id":1,}"#, "is not well-formed JSON; a comma stands before the end"),
    ("event_id,user_id", "is not a JSON object; a table's name should end in .csv or .tsv"),
    (
      "{} []",
      "the JSON object does not end on its line; write every object on one line, or all of them as one array"
    ),
  ])
  func aRecordOfJSON(_ text: String, _ problem: String) throws {
    #expect(try faults("conversions.jsonl", text) == ["conversions.jsonl:1: \(problem)"])
  }

  @Test func textThatIsNotUTF8IsSaidSo() throws {
    let bytes =
      Array(Self.header.utf8) + Array("1,Z".utf8) + [0xF6] + Array(",1767571570250,,\n".utf8)
    #expect(
      try faults("conversions.csv", bytes) == [
        "conversions.csv:2: the text is not UTF-8; convert the file, as with iconv -f WINDOWS-1252 -t UTF-8"
      ])
  }

  @Test func aMappedValueIsNamedWithTheFormThatItShouldHave() throws {
    let entry =
      #"kind: conversion, files: "*.csv", decimal: ",", fields: {event_time: {path: event_time, format: "%d.%m.%Y"}}"#
    let found = try faults(
      "conversions.csv",
      Self.header + "1,u,2026-01-05,,\n2,u,05.01.2026,1.50,\n3,u,05.01.2026,\"1,50\",\n", entry)
    #expect(
      found == [
        "conversions.csv:2: event_time: \"2026-01-05\" is not a time of the form \"%d.%m.%Y\"; inputs can "
          + "read it, with format: \"%Y-%m-%d\" and its timezone",
        "conversions.csv:3: value: \"1.50\" is not an amount; inputs can read it, with decimal: \".\"",
      ])
  }

  // MARK: Headers

  @Test(arguments: [
    ("event_id;user_id;event_time\n1;u;5\n", "delimiter: \";\", or --delimiter ';'"),
    ("event_id\tuser_id\tevent_time\n", "delimiter: \"\\t\", or --delimiter tab"),
    ("event_id|user_id|event_time\n", "delimiter: \"|\", or --delimiter '|'"),
    (
      "Report\n1 Jan\n\nevent_id,user_id,event_time\n1,u,5\n",
      "its names seem to stand on line 4: skip_lines: 3"
    ),
    (
      "1,u,1767571570250\n",
      "its first row looks like data: without a header name columns by their numbers"
    ),
    ("v-1,u-1,2026-01-05T00:00:00Z\n", "its first row looks like data"),
    ("Event ID,user_id,event_time\n1,u,5\n", "--map event_id='Event ID' if that is it"),
    ("event_id, user_id,event_time\n1,u,5\n", "--map user_id=' user_id' if that is it"),
    ("event_id,user_id,timestamp\n1,u,5\n", "--map event_time='timestamp' if that is it"),
    ("a,b,c\rd,e,f\r", "its lines end in carriage returns alone"),
  ])
  func aHeaderThatIsNotAsItShouldBe(_ text: String, _ advice: String) throws {
    let error = #expect(throws: FileError.self) { try faults("conversions.csv", text) }
    #expect(error?.description.contains(advice) == true, "\(error!)")
    #expect(error?.description.contains("\n") == false)
  }

  @Test func theFirstLineOfExcelSaysTheDelimiter() throws {
    let folder = try TemporaryFolder()
    for text in ["sep=;\r\n", "sep=;\n"] {
      let path = try folder.write("conversions.csv", text + "event_id;user_id;event_time\n1;u;5\n")
      let found = try records(of: path, .conversion)
      #expect(found.map(\.text) == [#"{"event_id":"1","user_id":"u","event_time":5}"#])
      #expect(found.map(\.line) == [3])
    }
  }

  // MARK: Counting

  @Test func faultsAreCountedByReasonAndFieldWithAnExampleEach() throws {
    let folder = try TemporaryFolder()
    let rows = (0..<300).map { index in
      switch index % 10 {
      case 0: "\(index),u,05.01.2026,,"
      case 1: "\(index),u,1767571570250,x,"
      default: "\(index),u,1767571570250,1,"
      }
    }
    let path = try folder.write("conversions.csv", Self.header + rows.joined(separator: "\n"))
    var run = FileAttribution(
      Configuration(), files: try FileFinder().find([path]).files, output: folder.path("out.csv"),
      attributions: nil)
    let summary = try run.run()
    let faults = try #require(summary.rejected.deadLetters[.conversion])
    #expect(
      faults.sorted.map { "\($0.count.count) \($0.group.name)" } == [
        "30 invalid_field event_time", "30 invalid_field value",
      ])
    #expect(
      faults.sorted[0].count.example.line == "\(path):2: event_time: \"05.01.2026\" is not a time; "
        + "inputs can read it, with format: \"%d.%m.%Y\" and its timezone")
    // Exactly a fifth is accepted; with less allowed, nothing is written.
    #expect(summary.brokenKinds.isEmpty)
    #expect(access(folder.path("out.csv"), F_OK) == 0)
    try folder.write("out.csv", "before")
    run.brokenShare = 0.19
    #expect(try run.run().brokenKinds == [.conversion])
    #expect(try folder.bytes("out.csv") == Array("before".utf8))
  }

  /// Advice is worked out for examples alone: a file of nothing but faults is as quick as any.
  @Test func aFileOfNothingButFaultsIsReadQuickly() throws {
    let folder = try TemporaryFolder()
    let rows = (0..<20_000).map { "\($0),u,05.01.2026,,\n" }
    let path = try folder.write("conversions.csv", Self.header + rows.joined())
    let clock = ContinuousClock()
    let file = try FileFinder().find([path]).files[0]
    let time = try clock.measure {
      let survey = try FileSurvey(
        file, Definitions(), now: 1_790_000_000_000, shouldStop: { false })
      #expect(survey.faultCount == 20_000 && survey.faults.count == FileSurvey.mostFaults)
      #expect(survey.faults[1].advice == nil)
    }
    #expect(time < .seconds(20))
  }
}
