import Attribution
import Testing

@testable import Files

@Suite struct ColumnMapTests {
  /// Our fields of a record of a table, as an object.
  private func map(
    _ mappings: [String], _ kind: EventKind, _ header: [String], _ row: [String]
  ) throws -> String {
    var shape = FileShape(kind: kind)
    shape.map = try ColumnMap(mappings)
    let text = [header, row].map { $0.joined(separator: ",") }.joined(separator: "\n")
    return try records(
      DelimitedTable(
        Pieces(Array(text.utf8), size: 64), shape: shape, currency: "EUR", name: "t", delimiter: nil
      )
    )[0].text
  }

  @Test func aMappingForOneKindGoesBeforeOneForAll() throws {
    let mappings = ["event_id=id", "conversions.event_id=order", "conversion.value=total"]
    let header = ["id", "order", "user_id", "event_time", "campaign_id", "total"]
    let row = ["i", "o", "u", "1", "c", "5"]
    #expect(
      try map(mappings, .click, header, row)
        == #"{"event_id":"i","user_id":"u","event_time":1,"campaign_id":"c"}"#)
    #expect(
      try map(mappings, .conversion, header, row)
        == #"{"event_id":"o","user_id":"u","event_time":1,"value":"5"}"#)
  }

  @Test func aMappingThatCannotBeMeantIsRefusedInOneLine() throws {
    for (mapping, complaint) in [
      ("event_id", "write field=column"), ("event_id=", "write field=column"),
      ("orders.event_id=x", "there is no kind \"orders\""),
      ("evnt_id=x", "events have no field \"evnt_id\"; there are event_id, user_id"),
      ("costs.user_id=x", "costs have no field \"user_id\""),
    ] {
      let error = #expect(throws: FileError.self) { try ColumnMap([mapping]).check([:]) }
      #expect(error?.description.contains(complaint) == true, "\(mapping): \(error!)")
      #expect(error?.description.contains("\n") == false)
    }
    #expect(throws: FileError.self) { try ColumnMap(["value=a", "value=b"]) }
  }

  @Test func aTableWithoutTheColumnsIsRefusedInOneLine() throws {
    for (mappings, header, complaint) in [
      ([], ["event_id", "user_id"], "t has no column \"event_time\", which conversions need"),
      (
        ["value=total"], ["event_id", "user_id", "event_time"],
        "t has no column \"total\", which --map names for value"
      ),
      (
        [], ["event_id", "event_id", "user_id", "event_time"],
        "t has more than one column \"event_id\""
      ),
      ([], ["bad\u{7}name", "x"], "it has \"bad\u{FFFD}name\""),
    ] {
      let error = #expect(throws: FileError.self) {
        _ = try map(mappings, .conversion, header, [])
      }
      #expect(error?.description.contains(complaint) == true, "\(error!)")
      #expect(error?.description.contains("\n") == false)
    }
  }

  @Test func kindsAreKnownByNames() {
    func kind(_ path: String) -> EventKind? { FileFinder.kind(of: path, below: "/clicks/in") }
    #expect(kind("/clicks/in/impressions-2026.csv.gz") == .impression)
    #expect(kind("/clicks/in/Clicks.jsonl") == .click)
    #expect(kind("/clicks/in/conversions/2026/01.csv") == .conversion)
    #expect(kind("/clicks/in/costs/clicks.csv") == .click)
    #expect(kind("/clicks/in/orders.csv") == nil)
    #expect(FileFinder.kind(of: "costs/2026.csv", below: "costs/") == .cost)
    #expect(FileFinder.kind(of: "costs/2026.csv", below: "costs") == .cost)
  }
}
