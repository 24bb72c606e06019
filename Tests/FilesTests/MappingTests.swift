import Attribution
import Codec
import Foundation
import SQLite
import Testing

@testable import Configuration
@testable import Files

/// Entries of `inputs` for files: which records are whose, and what their values become.
@Suite struct MappingTests {
  private func texts(
    _ name: String, _ content: String, _ kind: EventKind, _ entries: [String], map: [String] = [],
    form: TableOverrides = TableOverrides()
  ) throws -> [String] {
    let folder = try TemporaryFolder()
    let path = try folder.write(name, content)
    let inputs = entries.map { "  - {\($0)}\n" }.joined()
    let configuration = try Configuration.load(yaml: "inputs:\n" + inputs)
    return try records(of: path, kind, configuration, map: map, form: form).map(\.text)
  }

  private static let entry = """
    kind: click, files: "ads*.*", where: {type: [click, tap]}, fields: {event_id: id, \
    event_time: {path: ts, unit: s}, user_id: {first: [user, device]}, \
    campaign_id: {path: campaign, default: none}, channel: {value: paid_search}, ad_id: ad.name}
    """

  private static let expected = [
    #"{"event_id":"1","user_id":"u","event_time":1767571570250,"campaign_id":"c","channel":"paid_search","ad_id":"a"}"#,
    #"{"event_id":"2","user_id":"d","event_time":1767571571000,"campaign_id":"none","channel":"paid_search"}"#,
  ]

  @Test func aTableAndJSONAndADatabaseAreMappedAlike() throws {
    let csv = """
      id,ts,user,device,campaign,type,ad.name
      1,1767571570.2509,u,x,c,click,a
      2,1767571571,,d,,tap,
      3,1767571571,u,d,c,view,
      """
    #expect(try texts("ads.csv", csv, .click, [Self.entry]) == Self.expected)
    let json = """
      {"id":"1","ts":1767571570.2509,"user":"u","device":"x","campaign":"c","type":"click","ad":{"name":"a"}}
      {"id":"2","ts":"1767571571","user":null,"device":"d","campaign":"","type":"tap","ad":[]}
      {"id":"3","ts":1767571571,"user":"u","type":"view"}
      """
    #expect(try texts("ads.jsonl", json, .click, [Self.entry]) == Self.expected)
    let array = "[" + json.replacing("\n", with: ",\n") + "]"
    #expect(try texts("ads-2.json", array, .click, [Self.entry]) == Self.expected)

    let folder = try TemporaryFolder()
    let database = try SQLiteDatabase(folder.path("ads.sqlite"), .readWrite)
    try database.execute(
      """
      CREATE TABLE t (ID, TS REAL, user, device, campaign, type, "ad.name");
      INSERT INTO t VALUES (1, 1767571570.2509, 'u', 'x', 'c', 'click', 'a'),
      (2, 1767571571, NULL, 'd', '', 'tap', NULL), (3, 1, 'u', 'd', 'c', 'view', NULL)
      """)
    let rules = try configuration(Self.entry)
    #expect(
      try records(of: folder.path("ads.sqlite"), .click, rules).map(\.text) == Self.expected)
  }

  @Test func aFileMayHoldSeveralKindsAndRecordsForNobody() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(
      "events.csv",
      """
      what,event_id,user_id,event_time,campaign_id,value
      click,1,u,1767571570250,c,
      order,2,u,1767571570251,,5
      login,3,u,1767571570252,,
      click,4,u,1767571570253,c,
      """)
    var settings = try configuration(
      "kind: click, files: events.csv, where: {what: click}",
      "kind: conversion, files: events.csv, where: {what: order}")
    #expect(try records(of: path, .click, settings).map(\.line) == [2, 5])
    #expect(try records(of: path, .conversion, settings).map(\.line) == [3])
    let files = try FileFinder(rules: FileRules(settings)).find([path]).files
    let summary = try FileAttribution(
      settings, files: files, output: folder.path("out.csv"), attributions: nil
    ).run()
    #expect(summary.filtered == [.click: 1])
    #expect(summary.counts[.click]?.accepted == 2 && summary.counts[.conversion]?.accepted == 1)

    // The first entry that fits has the record.
    settings = try configuration(
      "kind: click, files: events.csv, where: {user_id: u, what: click}",
      "kind: conversion, files: \"events*\"")
    #expect(try records(of: path, .conversion, settings).map(\.line) == [3, 4])
  }

  @Test func timesHaveUnitsAndFormatsAndZones() throws {
    func time(_ form: String, _ text: String) throws -> String {
      let header = "event_id,user_id,event_time\n"
      let found = try texts(
        "conversions.csv", header + "1,u,\"\(text)\"", .conversion,
        ["kind: conversion, files: \"*.csv\", fields: {event_time: {path: event_time, \(form)}}"])
      return String(
        found[0].dropFirst(#"{"event_id":"1","user_id":"u","event_time":"#.count).dropLast())
    }
    let berlin = "timezone: Europe/Berlin"
    let form = "format: \"%d.%m.%Y %H:%M\", \(berlin)"
    func utc(_ text: String) -> String { "\(Time.parse(text)!)" }
    #expect(try time(form, "05.01.2026 00:06") == utc("2026-01-04T23:06:00Z"))
    #expect(try time(form, "05.07.2026 00:06") == utc("2026-07-04T22:06:00Z"))
    // Clocks skip the first, and show the second twice.
    #expect(try time(form, "29.03.2026 02:30") == utc("2026-03-29T01:30:00Z"))
    #expect(try time(form, "25.10.2026 02:30") == utc("2026-10-25T00:30:00Z"))
    #expect(try time(form, "25.10.2026 03:00") == utc("2026-10-25T02:00:00Z"))
    #expect(
      try time("format: \"%Y-%m-%d %H:%M:%S %z\", \(berlin)", "2026-01-05 00:00:00 +0530")
        == utc("2026-01-04T18:30:00Z"))
    #expect(try time("unit: us", "1767571570250999") == "1767571570250")
    #expect(try time("unit: ns", "1767571570250999999") == "1767571570250")
    #expect(try time("unit: s", "1.76757157025e9") == "1767571570250")
    #expect(try time("unit: ms", "1767571570250.9") == "1767571570250")
    // A text in another form is kept in sight, and never valid.
    #expect(try time(form, "2026-01-05T00:06:00Z") == #"["2026-01-05T00:06:00Z"]"#)
    #expect(try time("unit: s", "soon") == #"["soon"]"#)
  }

  @Test func amountsOfSpreadsheetsAreReadExactly() {
    func read(_ text: String, _ decimal: String, _ currency: String = "EUR") -> String? {
      var output: [UInt8] = [0x21]
      let amounts = AmountText(isDecimalComma: decimal == ",", currency: currency)
      let isRead = text.withBorrowedBytes { amounts.append($0, to: &output) }
      #expect(output[0] == 0x21 && (isRead || output.count == 1))
      return isRead ? String(decoding: output.dropFirst(), as: UTF8.self) : nil
    }
    for (text, decimal, amount) in [
      ("1.234,56", ",", "1234.56"), ("1234,56", ",", "1234.56"), ("0,000001", ",", "0.000001"),
      ("12", ",", "12"), ("1.234.567", ",", "1234567"), ("1 234,5", ",", "1234.5"),
      ("1\u{A0}234,5", ",", "1234.5"), ("1\u{202F}234,5", ",", "1234.5"),
      ("1'234.5", ".", "1234.5"),
      ("1’234.5", ".", "1234.5"), ("1,234.56", ".", "1234.56"), ("1,234", ".", "1234"),
      ("1.234,56 €", ",", "1234.56"), ("€1.234,56", ",", "1234.56"), ("EUR 5,5", ",", "5.5"),
      (" 5,5\u{A0}€ ", ",", "5.5"), ("999999999999999999,5", ",", "999999999999999999.5"),
    ] { #expect(read(text, decimal) == amount, "\(text)") }
    for (text, decimal) in [
      ("12.50", ","), ("1.23.456", ","), ("1234.567", ","), ("12,50", "."), ("1,2,3", "."),
      ("", "."),
      (",5", ","), ("5,", ","), ("-5", ","), ("5€€", ","), ("$5", "."), ("USD 5", "."),
      ("5 5", ","),
      ("1.234 567", ","), ("1e5", "."), ("1,5,5", ","), ("€", ","),
    ] { #expect(read(text, decimal) == nil, "\(text)") }
    #expect(read("$1,234.56", ".", "USD") == "1234.56")
    #expect(read("US$5", ".", "USD") == "5")
  }

  @Test func nullValuesAndDecimalsAreTheEntrys() throws {
    let csv = "event_id;user_id;event_time;value\n1;u;5;1.234,50\n2;u;5;n/a\n3;u;5;-\n4;u;5;1,2,3\n"
    let found = try texts(
      "orders.txt", csv, .conversion,
      [
        #"kind: conversion, files: "orders*", delimiter: ";", decimal: ",", null_values: [n/a, "-"]"#
      ])
    #expect(
      found.map { String($0.dropFirst(#"{"event_id":"1","user_id":"u","event_time":5"#.count)) }
        == [
          #","value":"1234.50"}"#, "}", "}", #","value":["1,2,3"]}"#,
        ])
  }

  @Test func theCommandLineWins() throws {
    let entry =
      #"kind: click, files: "*.csv", delimiter: ";", skip_lines: 5, fields: {event_id: a, campaign_id: {value: x}}"#
    var form = TableOverrides()
    form.delimiter = "|"
    form.skipLines = 1
    form.nullValues = ["?"]
    let found = try texts(
      "a.csv", "a report\na|b|user_id|event_time|channel\n1|2|u|5|?", .click, [entry],
      map: ["event_id=b", "clicks.campaign_id=a"], form: form)
    #expect(found == [#"{"event_id":"2","user_id":"u","event_time":5,"campaign_id":"1"}"#])
    let json = try texts(
      "conversions.json", #"[{"order":{"id":7},"user_id":"u","event_time":5}]"#, .conversion,
      ["kind: conversion, files: other"], map: ["event_id=order.id"])
    #expect(json == [#"{"event_id":7,"user_id":"u","event_time":5}"#])
  }

  @Test func aTableWithoutAHeaderHasColumnsByTheirNumbers() throws {
    let entry =
      "kind: conversion, files: log.tsv, where: {1: order}, fields: {event_id: 2, user_id: {first: [4, 3]}, event_time: 5}"
    let found = try texts(
      "log.tsv", "order\t1\td\t\t5\nlogin\t1\td\tu\t5\norder\t2\td\tu\t6\n", .conversion, [entry])
    #expect(
      found == [
        #"{"event_id":"1","user_id":"d","event_time":5}"#,
        #"{"event_id":"2","user_id":"u","event_time":6}"#,
      ])
    let error = #expect(throws: FileError.self) {
      try texts("log.tsv", "order\t1\td\t5\n", .conversion, [entry])
    }
    #expect(
      error?.description.hasSuffix(
        "log.tsv has only 4 columns, no column 5, which inputs names for event_time") == true,
      "\(error!)")
    #expect(
      try texts(
        "conversions.csv", "1,u,5", .conversion, ["kind: click, files: x"],
        map: [
          "event_id=1", "user_id=2", "event_time=3",
        ]) == [#"{"event_id":"1","user_id":"u","event_time":5}"#])
  }

  /// Ids for events that have none: the content's, whatever the file is called and however it is packed.
  @Test func placesAreIdsOfTheContent() throws {
    let entry = #"kind: conversion, files: "orders*", fields: {event_id: $place}"#
    let settings = try configuration(entry)
    let folder = try TemporaryFolder()
    let text = "user_id,event_time,note\nu,5,a\nu,5,a\nv,6,b\n"
    func ids(_ path: String) throws -> [String] {
      try records(of: path, .conversion, settings).map {
        String($0.text.dropFirst(#"{"event_id":""#.count).prefix { $0 != "\"" })
      }
    }
    let first = try ids(folder.write("orders.csv", text))
    #expect(Set(first).count == 3)
    #expect(first.map { $0.split(separator: "-").last } == ["2", "3", "4"])
    #expect(first.allSatisfy { $0.utf8.count == 34 })
    #expect(try ids(folder.write(gzip: "orders-2.csv", Array(text.utf8))) == first)
    #expect(try ids(folder.write("orders-3.csv", utf16(text, isBigEndian: true))) == first)
    let grown = try ids(folder.write("orders-4.csv", text + "w,7,c\n"))
    #expect(grown.count == 4 && Array(grown.prefix(3)) == first)
    // Another row before it is another place; so is another column's content.
    let other = try ids(folder.write("orders-5.csv", text.replacing("u,5,a\nv", with: "u,5,b\nv")))
    #expect(other[0] == first[0] && other[1] != first[1] && other[2] != first[2])
    let json = #"{"user_id":"u","event_time":5}"# + "\n"
    #expect(Set(try ids(folder.write("orders.jsonl", json + json))).count == 2)
  }

  @Test func versionsAndDeletionsOfTablesAreNumbersAndTruthValues() throws {
    let csv = "event_id,user_id,event_time,version,deleted\n1,u,5,2,TRUE\n2,u,5,,0\n3,u,5,x,maybe\n"
    let found = try texts("conversions.csv", csv, .conversion, ["kind: conversion, files: \"*\""])
    #expect(
      found.map { String($0.dropFirst(#"{"event_id":"1","user_id":"u","event_time":5,"#.count)) }
        == [
          #""version":2,"deleted":true}"#, #""deleted":false}"#,
          #""version":"x","deleted":"maybe"}"#,
        ])
  }

  @Test func entriesThatMeanNothingForFilesAreRefused() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("clicks.csv", "event_id,user_id,event_time,campaign_id,type\n")
    for (entries, complaint) in [
      (
        ["kind: click, files: \"*.csv\", fields: {session_id: $header.x}"],
        "inputs[0]: $header.x is for topics; a record of a file has only $place"
      ),
      (
        ["kind: click, files: \"*.csv\", fields: {channel: source}"],
        "has no column \"source\", which inputs names for channel"
      ),
      (
        ["kind: click, files: \"*.csv\", fields: {channel: {first: [source, medium]}}"],
        "has no column \"source\", which inputs names for channel"
      ),
      (
        ["kind: click, files: \"*.csv\", where: {what: click}"],
        "has no column \"what\", which where names"
      ),
      (
        [
          "kind: click, files: \"*.csv\", where: {type: a}, delimiter: \";\"",
          "kind: cost, files: \"clicks.*\"",
        ], "its entries in inputs differ in delimiter"
      ),
    ] {
      let inputs = entries.map { "  - {\($0)}\n" }.joined()
      let error = #expect(throws: FileError.self) {
        _ = try records(of: path, .click, Configuration.load(yaml: "inputs:\n\(inputs)"))
      }
      #expect(error?.description.contains(complaint) == true, "\(error!)")
      #expect(error?.description.contains("\n") == false)
    }
  }

  @Test func patternsFitNamesAndPathsAndTables() throws {
    let folder = try TemporaryFolder()
    let header = "event_id,user_id,event_time\n1,u,5\n"
    for name in ["x/orders-1.csv", "y/orders-1.csv", "y/log.csv.gz"] {
      try folder.write(name, header)
    }
    let database = try SQLiteDatabase(folder.path("shop.sqlite"), .readWrite)
    try database.execute(
      """
      CREATE TABLE orders (event_id, user_id, event_time); CREATE TABLE other (a);
      INSERT INTO orders VALUES (1, 'u', 5)
      """)
    func found(_ pattern: String) throws -> [String] {
      let settings = try configuration("kind: conversion, files: \"\(pattern)\"")
      return try FileFinder(rules: FileRules(settings)).find([folder.url.path]).files
        .map { String($0.name.dropFirst(folder.url.path.count + 1)) }
    }
    #expect(try found("orders*") == ["x/orders-1.csv", "y/orders-1.csv"])
    #expect(try found("y/*") == ["y/log.csv.gz", "y/orders-1.csv"])
    #expect(try found("log.csv") == ["y/log.csv.gz"])
    #expect(try found(folder.url.path + "/x/*.csv") == ["x/orders-1.csv"])
    #expect(try found("shop.sqlite/orders") == ["shop.sqlite: table orders"])
  }
}
