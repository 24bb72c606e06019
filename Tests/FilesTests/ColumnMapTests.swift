import Attribution
import Testing

@testable import Files

@Suite struct ColumnMapTests {
  @Test func aMappingForOneKindGoesBeforeOneForAll() throws {
    let map = try ColumnMap(["event_id=id", "conversions.event_id=order", "conversion.value=total"])
    let header = ["id", "order", "user_id", "event_time", "campaign_id", "total"]
    let clicks = try map.bind(.click, to: header, of: "t")
    #expect(clicks.first { $0.field == "event_id" }?.column == 0)
    let conversions = try map.bind(.conversion, to: header, of: "t")
    #expect(conversions.first { $0.field == "event_id" }?.column == 1)
    #expect(conversions.first { $0.field == "value" }?.column == 5)
  }

  @Test func aMappingThatCannotBeMeantIsRefusedInOneLine() throws {
    for (mapping, complaint) in [
      ("event_id", "write field=column"), ("event_id=", "write field=column"),
      ("orders.event_id=x", "there is no kind \"orders\""),
      ("evnt_id=x", "events have no field \"evnt_id\"; there are event_id, user_id"),
      ("costs.user_id=x", "costs have no field \"user_id\""),
    ] {
      let error = #expect(throws: FileError.self) { try ColumnMap([mapping]) }
      #expect(error?.description.contains(complaint) == true, "\(mapping): \(error!)")
      #expect(error?.description.contains("\n") == false)
    }
    #expect(throws: FileError.self) { try ColumnMap(["value=a", "value=b"]) }
  }

  @Test func aTableWithoutTheColumnsIsRefusedInOneLine() throws {
    for (map, header, complaint) in [
      ([], ["event_id", "user_id"], "t has no column \"event_time\", which conversions need"),
      (
        ["value=total"], ["event_id", "user_id", "event_time"],
        "t has no column \"total\", which --map names for value"
      ),
      (
        [], ["event_id", "event_id", "user_id", "event_time"],
        "t has more than one column \"event_id\""
      ),
      ([], ["bad\nname"], "it has \"bad\u{FFFD}name\""),
    ] {
      let error = #expect(throws: FileError.self) {
        _ = try ColumnMap(map).bind(.conversion, to: header, of: "t")
      }
      #expect(error?.description.contains(complaint) == true, "\(error!)")
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
