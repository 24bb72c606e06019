import Attribution
import Foundation
import Testing

@testable import Configuration
@testable import Files

/// Files of other programs by their published lists of fields, with data of our own.
@Suite struct ExampleTests {
  /// The rollups of one view as CSV rows, and what became of the records.
  private func attribute(
    _ paths: [String], _ settings: Configuration, _ folder: TemporaryFolder
  ) throws -> (summary: FileAttribution.Summary, rows: [[String: String]]) {
    let files = try FileFinder(rules: FileRules(settings)).find(paths).files
    let summary = try FileAttribution(
      settings, files: files, output: folder.path("out.csv"), attributions: nil
    ).run()
    guard summary.brokenKinds.isEmpty else { return (summary, []) }
    let lines = String(decoding: try folder.bytes("out.csv"), as: UTF8.self).split(
      separator: "\r\n")
    let header = lines[0].split(separator: ",").map(String.init)
    return (
      summary,
      lines.dropFirst().map { line in
        let values = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        return Dictionary(uniqueKeysWithValues: zip(header, values))
      }
    )
  }

  @Test func theExampleOfTheDocumentationIsAccepted() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent()
      .deletingLastPathComponent()
    let page = try String(
      contentsOf: root.appendingPathComponent("docs/guides/files.md"), encoding: .utf8)
    let block = try #require(page.components(separatedBy: "```yaml\n").dropFirst().first)
    let yaml = try #require(block.components(separatedBy: "```").first)
    let settings = try Configuration.load(yaml: yaml)
    _ = try FileRules(settings)
    #expect(settings.inputs?.count == 4)
    #expect(settings.topicInputs.count == 4, "the topics of section 1 are read all the same")
  }

  /// Criteo's attribution data set: a row for each impression, no ids of events, seconds from the beginning. A
  /// row that is a click and led to an order is two events: the file is read under two names.
  @Test func aTableLikeCriteosHasNoIdsOfEvents() throws {
    let header = [
      "timestamp", "uid", "campaign", "conversion", "conversion_timestamp", "conversion_id",
      "attribution", "click", "click_pos", "click_nb", "cost", "cpo", "time_since_last_click",
      "cat1",
    ]
    let rows = [
      [
        "0", "20073966", "22589171", "0", "-1", "-1", "0", "0", "-1", "-1", "0.00001", "0.39", "-1",
        "5",
      ],
      [
        "2", "20073966", "22589171", "1", "902", "4711", "1", "1", "0", "1", "0.0001", "0.12", "-1",
        "5",
      ],
      [
        "2", "20073967", "22589171", "0", "-1", "-1", "0", "1", "0", "1", "9e-05", "0.12", "-1",
        "5",
      ],
      [
        "2", "20073967", "22589171", "0", "-1", "-1", "0", "1", "0", "1", "9e-05", "0.12", "-1",
        "5",
      ],
      [
        "3", "20073966", "22589172", "1", "902", "4711", "0", "0", "-1", "-1", "0", "0.12", "-1",
        "5",
      ],
    ]
    let text = ([header] + rows).map { $0.joined(separator: "\t") + "\n" }.joined()
    let folder = try TemporaryFolder()
    try folder.write(gzip: "criteo-touches.tsv.gz", Array(text.utf8))
    try folder.write("criteo-orders.tsv", text)
    let touch =
      #"event_id: $place, user_id: uid, event_time: {path: timestamp, unit: s}, campaign_id: campaign"#
    let settings = try configuration(
      "kind: click, files: criteo-touches.tsv, where: {click: 1}, fields: {\(touch)}",
      "kind: impression, files: criteo-touches.tsv, fields: {\(touch)}",
      """
      kind: conversion, files: criteo-orders.tsv, where: {conversion: 1}, fields: {user_id: uid, \
      event_id: conversion_id, event_time: {path: conversion_timestamp, unit: s}}
      """, more: "earliest_event_time: \"1970-01-01T00:00:00Z\"\n")
    let (summary, rows_) = try attribute([folder.url.path], settings, folder)
    #expect(summary.counts[.click]?.accepted == 3 && summary.counts[.impression]?.accepted == 2)
    #expect(
      summary.counts[.conversion]?.accepted == 1 && summary.counts[.conversion]?.duplicates == 1)
    #expect(summary.filtered == [.conversion: 3])
    let credited = rows_.filter {
      $0["conversions_last_touch"] == "1.000000" && $0["view"] == "campaign_5m"
    }
    #expect(credited.map { $0["campaign_id"] } == ["22589171"])
    let spend = rows_.first {
      $0["campaign_id"] == "22589171" && $0["window_start"] == "1970-01-01T00:00:00Z"
    }
    #expect(spend?["spend"] == "0.000290")
  }

  /// Google Ads: two lines before the header, thousands in groups, a line of totals at the end; as CSV and as
  /// what it calls Excel CSV, which is UTF-16 with tabs.
  @Test(arguments: [false, true]) func aCostExportLikeGoogleAds(_ isExcel: Bool) throws {
    let rows =
      [
        ["Day", "Campaign ID", "Campaign", "Currency code", "Impr.", "Cost"]
      ]
      + (1...5).map {
        ["2026-01-0\($0)", "111", "Brand, \"exact\"", "EUR", "1,024", "1,234.\($0)0"]
      } + [
        ["2026-01-05", "222", "Shoes", "EUR", "0", "0.00"],
        ["Total: Account", " --", " --", "EUR", "5,120", "6,171.50"],
      ]
    let delimiter = isExcel ? "\t" : ","
    let table = rows.map { row in
      row.map { value in
        value.contains(where: { ",\"".contains($0) })
          ? "\"" + value.replacing("\"", with: "\"\"") + "\"" : value
      }.joined(separator: delimiter) + "\r\n"
    }
    let text = "Cost report\r\n\"January 1, 2026 - January 5, 2026\"\r\n" + table.joined()
    let folder = try TemporaryFolder()
    try folder.write(
      "in/google-ads.csv", isExcel ? utf16(text, isBigEndian: false) : Array(text.utf8))
    let settings = try configuration(
      """
      kind: cost, files: "google-ads*.csv", skip_lines: 2, decimal: ".", null_values: [" --"], \
      \(isExcel ? "delimiter: \"\\t\"," : "") fields: {event_id: $place, campaign_id: Campaign ID, \
      event_time: {path: Day, format: "%Y-%m-%d", timezone: Europe/Berlin}, amount: Cost, \
      currency: Currency code}
      """)
    let (summary, rollups) = try attribute([folder.path("in")], settings, folder)
    #expect(summary.counts[.cost]?.accepted == 6 && summary.counts[.cost]?.deadLetters == 1)
    let fault = try #require(summary.rejected.deadLetters[.cost]?.sorted.first?.count.example)
    #expect(fault.place.hasSuffix("google-ads.csv:10"))
    #expect(
      fault.text == "campaign_id: is missing"
        || fault.text.hasSuffix(
          "is not a time of the form \"%Y-%m-%d\"; this looks like a line of totals")
    )
    let first = rollups.first { $0["view"] == "campaign_5m" && $0["campaign_id"] == "111" }
    #expect(first?["window_start"] == "2025-12-31T23:00:00Z" && first?["spend"] == "1234.100000")
    let total = rollups.filter { $0["view"] == "campaign_5m" }.compactMap { Double($0["spend"]!) }
    #expect(abs(total.reduce(0, +) - 6_171.5) < 1e-6)
  }

  /// Snowplow's enriched events: 131 columns without a header.
  @Test func enrichedEventsOfSnowplowHaveNoHeader() throws {
    func row(_ values: [Int: String]) -> String {
      (1...131).map { values[$0] ?? "" }.joined(separator: "\t") + "\n"
    }
    let user = "1f8d5a5c-0a4b-4b0e-9a0e-8c1f"
    let text =
      row([
        1: "shop", 2: "web", 4: "2026-01-05 00:01:02.123", 6: "page_view", 7: "e-1", 16: user,
        48: "email",
        49: "newsletter", 52: "spring", 117: "click-9", 124: "s-1", 125: "2026-01-05 00:01:02.000",
      ])
      + row([4: "2026-01-05 00:02:00.000", 6: "page_view", 7: "e-2", 16: user])
      + row([
        4: "2026-01-05 00:06:10.250", 6: "transaction", 7: "e-3", 16: user, 60: "o-1", 62: "59.9",
        109: "EUR",
        125: "2026-01-05 00:06:10.200",
      ])
    let folder = try TemporaryFolder()
    try folder.write("in/enriched/part-0000.tsv", text)
    let time =
      #"event_time: {first: [125, 4], format: "%Y-%m-%d %H:%M:%S.%f"}, user_id: 16, event_id: 7"#
    let settings = try configuration(
      """
      kind: click, files: "enriched/*.tsv", where: {6: page_view, 48: [email, cpc]}, fields: {\(time), \
      campaign_id: 52, channel: 48, session_id: 124}
      """,
      """
      kind: conversion, files: "enriched/*.tsv", where: {6: transaction}, fields: {\(time), value: 62, \
      currency: 109}
      """)
    let (summary, rollups) = try attribute([folder.path("in")], settings, folder)
    #expect(summary.counts[.click]?.accepted == 1 && summary.counts[.conversion]?.accepted == 1)
    #expect(summary.filtered == [.click: 1])
    let spring = rollups.first {
      $0["campaign_id"] == "spring" && $0["window_start"] == "2026-01-05T00:05:00Z"
    }
    #expect(spring?["revenue_last_touch"] == "59.900000")
  }

  /// A batch of CloudEvents is one array; what happened is in `data`.
  @Test func aBatchOfCloudEventsIsAnArray() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(
      zstd: "batch.json",
      Array(
        """
        [
          {"specversion": "1.0", "id": "k-1", "source": "/ads", "type": "com.example.click",
           "time": "2026-01-05T00:01:02.000Z", "datacontenttype": "application/json",
           "data": {"visitor": {"id": 7}, "utm": [{"key": "campaign", "value": "c-7"}]}},
          {"specversion": "1.0", "id": "v-1", "source": "/shop", "type": "com.example.order",
           "time": "2026-01-05T01:06:10+01:00", "data": {"visitor": {"id": "7"}, "total": 59.90}}
        ]
        """.utf8))
    let settings = try configuration(
      """
      kind: click, files: batch.json, where: {type: com.example.click}, fields: {event_id: id, \
      event_time: time, user_id: data.visitor.id, campaign_id: "data.utm[key=campaign].value"}
      """,
      """
      kind: conversion, files: batch.json, where: {type: com.example.order}, fields: {event_id: id, \
      event_time: time, user_id: data.visitor.id, value: data.total}
      """)
    let (summary, rollups) = try attribute([path], settings, folder)
    #expect(summary.counts[.click]?.accepted == 1 && summary.counts[.conversion]?.accepted == 1)
    let credited = rollups.first { $0["conversions_last_touch"] == "1.000000" }
    #expect(credited?["campaign_id"] == "c-7" && credited?["revenue_last_touch"] == "59.900000")
  }
}
