import Attribution
import Codec
import Foundation
import SQLite
import Testing
import Traffic

@testable import Configuration
@testable import Files

/// The same events in another format, or in other files, are the same events.
@Suite struct FormatTests {
  private static let now: Milliseconds = 1_790_000_000_000

  private struct Events {
    var options = TrafficOptions.varied(seed: 77, events: 1_500)
    var lines: [EventKind: [String]] = [:]

    init() {
      options.malformed = 0
      options.costRows = true
      for record in TrafficGenerator(options) {
        let line = String(decoding: record.value, as: UTF8.self)
        lines[record.kind, default: []].append(line.replacing("\n", with: " "))
      }
    }

    /// The values of fields as text, "" where there is none.
    func rows(_ kind: EventKind) throws -> [[String]] {
      try lines[kind]!.map { line in
        let object =
          try JSONSerialization.jsonObject(with: Data(line.utf8)) as! [String: Any]
        return kind.fields.map { field in
          switch object[field] {
          case let text as String: text
          case let number as NSNumber: "\(number)"
          default: ""
          }
        }
      }
    }
  }

  private static let events = Events()
  private static func writeInput() throws -> TemporaryFolder {
    let input = try TemporaryFolder()
    for (kind, lines) in events.lines {
      try input.write("\(kind.inputName).jsonl", lines.joined(separator: "\n"))
    }
    return input
  }
  private static let expected = Result {
    let input = try writeInput()
    return try numbers([input.url.path])
  }
  private static let expectedBytes = Result {
    let input = try writeInput()
    return try outputs([input.url.path])
  }

  private static func numbers(_ paths: [String]) throws -> Numbers {
    try Numbers(ofFiles: paths, events.options.definitions, TemporaryFolder(), now: now)
  }

  /// What `attribute` writes: rollups and attributions.
  private static func outputs(
    _ paths: [String], map: [String] = [], inputs: String = ""
  ) throws -> [[UInt8]] {
    var configuration = try Configuration.load(yaml: inputs)
    configuration.definitions = events.options.definitions
    let rules = try FileRules(configuration, map: ColumnMap(map))
    let folder = try TemporaryFolder()
    let run = FileAttribution(
      configuration, files: try FileFinder(rules: rules).find(paths).files,
      output: folder.path("r.jsonl"), attributions: folder.path("a.jsonl"))
    _ = try run.run(now: now)
    return [try folder.bytes("r.jsonl"), try folder.bytes("a.jsonl")]
  }

  /// The same records in the same order give the same files, byte for byte.
  private func check(_ paths: [String], map: [String] = [], inputs: String = "") throws {
    let expected = try FormatTests.expectedBytes.get()
    let found = try FormatTests.outputs(paths, map: map, inputs: inputs)
    #expect(expected.allSatisfy { $0.count > 10_000 })
    #expect(found == expected)
  }

  private func table(_ kind: EventKind, delimiter: String, renaming: [String: String] = [:]) throws
    -> String
  {
    func quoted(_ text: String) -> String {
      "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
    let header = (kind.fields + ["remark"]).map { renaming[$0] ?? $0 }
    let rows = try Self.events.rows(kind).map { row in
      // Every other field in quotes, and a column that nobody asked for.
      row.enumerated().map {
        $0.offset % 2 == 0 ? quoted($0.element) : plain($0.element, delimiter)
      }
        + [quoted("two\r\nlines, \"quoted\"")]
    }
    func plain(_ text: String, _ delimiter: String) -> String {
      text.contains(where: { "\(delimiter)\"\r\n".contains($0) }) ? quoted(text) : text
    }
    return ([header] + rows).map { $0.joined(separator: delimiter) + "\r\n" }.joined()
  }

  @Test func commaSeparatedValuesWithOtherColumnNames() throws {
    let input = try TemporaryFolder()
    let names = ["event_id": "order id", "user_id": "customer"]
    for kind in EventKind.allCases {
      let renaming = kind == .conversion ? names : [:]
      try input.write(
        "\(kind.inputName).csv", table(kind, delimiter: ",", renaming: renaming))
    }
    try check(
      [input.url.path], map: ["conversions.event_id=order id", "conversions.user_id=customer"])
  }

  @Test func tabSeparatedValuesWithAByteOrderMark() throws {
    let input = try TemporaryFolder()
    for kind in EventKind.allCases {
      try input.write("\(kind.inputName).tsv", "\u{FEFF}" + table(kind, delimiter: "\t"))
    }
    try check([input.url.path])
  }

  @Test func gzipOfAnyOfThem() throws {
    let input = try TemporaryFolder()
    for kind in [EventKind.click, .cost] {
      try input.write(
        gzip: "\(kind.inputName).csv.gz", Array(table(kind, delimiter: ",").utf8))
    }
    for kind in [EventKind.impression, .conversion] {
      try input.write(
        gzip: "\(kind.inputName).jsonl.gz",
        Array(Self.events.lines[kind]!.joined(separator: "\r\n").utf8))
    }
    try check([input.url.path])
  }

  @Test func tablesOfADatabase() throws {
    let input = try TemporaryFolder()
    try fill(input.path("shop.sqlite"))
    try check([input.url.path])
  }

  private func fill(_ path: String) throws {
    let database = try SQLiteDatabase(path, .scratch)
    for kind in EventKind.allCases {
      let columns = kind.fields.map { "\($0) TEXT" }.joined(separator: ", ")
      try database.execute("CREATE TABLE \(kind.inputName)_2026 (remark BLOB, \(columns)); BEGIN")
      let insert = try database.prepare(
        "INSERT INTO \(kind.inputName)_2026 VALUES (x'00FF'"
          + String(repeating: ", CAST(NULLIF(?, '') AS TEXT)", count: kind.fields.count) + ")")
      for row in try Self.events.rows(kind) {
        for (index, text) in row.enumerated() {
          Array(text.utf8).withUnsafeBytes { insert.bind(Int32(index + 1), $0) }
        }
        _ = try insert.step()
      }
      try database.execute("COMMIT")
    }
  }

  /// Pieces by time, that follow one another and overlap, in folders named by kind.
  @Test func manyFilesOfAKindAreMergedByEventTime() throws {
    let input = try TemporaryFolder()
    for (kind, lines) in Self.events.lines {
      let third = lines.count / 3
      try input.write("\(kind.inputName)/b.jsonl", lines[..<third].joined(separator: "\n"))
      for parity in 0..<2 {
        let rest = lines[third...].enumerated().filter { $0.offset % 2 == parity }.map(\.element)
        // Told by its folder; in the order of names it comes before its time.
        try input.write("\(kind.inputName)/a\(parity).jsonl", rest.joined(separator: "\n"))
      }
      try input.write("\(kind.inputName)/empty.jsonl", "")
    }
    let expected = try FormatTests.expected.get()
    let found = try FormatTests.numbers([input.url.path])
    #expect(expected.rollups.count > 10 && expected.attributions.count > 10)
    #expect(found == expected, "\(found.difference(from: expected) ?? "")")
  }

  @Test func arraysAndZstdAndUTF16() throws {
    let input = try TemporaryFolder()
    for (kind, lines) in Self.events.lines {
      let array = Array(("[\n" + lines.joined(separator: ",\n") + "]\n").utf8)
      switch kind {
      case .impression: try input.write("impressions.json", array)
      case .click: try input.write(zstd: "clicks.json.zst", array)
      case .conversion:
        let text = try table(kind, delimiter: ",")
        try input.write("conversions.csv", utf16(text, isBigEndian: false))
      case .cost:
        let text = try table(kind, delimiter: "\t")
        try input.write(zstd: "costs.tsv", utf16(text, isBigEndian: true))
      }
    }
    try check([input.url.path])
  }

  // MARK: Under other names, in other notations

  /// A time as clocks in Kolkata show it, day first.
  private func localText(_ time: String) -> String {
    let instant = (Int64(time) ?? Time.parse(time)!) + 19_800_000
    let text = Array(Time.formatMilliseconds(instant))
    return String(text[8...9] + "." + text[5...6] + "." + text[0...3] + " " + text[11...22])
  }

  /// An amount with a decimal comma and points between thousands.
  private func groupedText(_ amount: String) -> String {
    guard !amount.isEmpty else { return "-" }
    let parts = Money.format(Money.parse(amount)!).split(separator: ".")
    var units = ""
    for (index, digit) in parts[0].reversed().enumerated() {
      if index > 0, index % 3 == 0 { units = "." + units }
      units = String(digit) + units
    }
    return units + "," + parts[1] + " €"
  }

  @Test func foreignTablesWithDecimalCommas() throws {
    let input = try TemporaryFolder()
    var inputs = "inputs:\n"
    for kind in EventKind.allCases {
      let rows = try Self.events.rows(kind).map { row in
        zip(kind.fields, row).map { field, text -> String in
          switch field {
          case "event_time": localText(text)
          case "cost", "value", "amount": groupedText(text)
          default: text
          }
        }.map { "\"\($0.replacing("\"", with: "\"\""))\"" }.joined(separator: ";")
      }
      let header = kind.fields.map { "my \($0)" }.joined(separator: ";")
      let text = "A report\r\n" + ([header] + rows).joined(separator: "\r\n")
      try input.write(gzip: "report-\(kind).csv", Array(text.utf8))
      let fields = kind.fields.map { field in
        field == "event_time"
          ? "event_time: {path: my event_time, format: \"%d.%m.%Y %H:%M:%S.%f\", timezone: Asia/Kolkata}"
          : "\(field): my \(field)"
      }.joined(separator: ", ")
      inputs += """
          - {kind: \(kind), files: "report-\(kind)*", delimiter: ";", skip_lines: 1, decimal: ",", \
        null_values: ["-"], fields: {\(fields)}}

        """
    }
    try check([input.url.path], inputs: inputs)
  }

  @Test func foreignJSONOfAllKindsInOneFile() throws {
    let input = try TemporaryFolder()
    var objects: [String] = []
    var inputs = "inputs:\n"
    for kind in EventKind.allCases {
      for line in Self.events.lines[kind]! {
        objects.append("{\"meta\": {\"type\": \"\(kind)\"}, \"data\": [0, \(line)]}")
      }
      let fields = kind.fields.map { "\($0): \"data[1].\($0)\"" }.joined(separator: ", ")
      inputs +=
        "  - {kind: \(kind), files: all.json, where: {meta.type: \(kind)}, fields: {\(fields)}}\n"
    }
    try input.write("all.json", "[" + objects.joined(separator: ",\n") + "]")
    try check([input.url.path], inputs: inputs)
  }

  @Test func foreignTablesOfADatabaseWithNumbers() throws {
    let input = try TemporaryFolder()
    try fillWithNumbers(input.path("shop.sqlite"))
    try check([input.url.path])
  }

  private func fillWithNumbers(_ path: String) throws {
    let database = try SQLiteDatabase(path, .scratch)
    for kind in EventKind.allCases {
      let columns = kind.fields.map { field in
        switch field {
        case "event_time": "EVENT_TIME REAL"
        case "cost", "value", "amount": "\(field.uppercased()) REAL"
        default: "\(field.uppercased()) TEXT"
        }
      }
      try database.execute(
        "CREATE TABLE \(kind.inputName) (\(columns.joined(separator: ", "))); BEGIN")
      let insert = try database.prepare(
        "INSERT INTO \(kind.inputName) VALUES ("
          + kind.fields.map { _ in "?" }.joined(separator: ",")
          + ")")
      for row in try Self.events.rows(kind) {
        for (index, (field, text)) in zip(kind.fields, row).enumerated() {
          let number = Int32(index + 1)
          switch field {
          case _ where text.isEmpty: insert.bindNull(number)
          case "event_time": insert.bind(number, Double(Int64(text) ?? Time.parse(text)!))
          case "cost", "value", "amount": insert.bind(number, Double(text)!)
          default: try insert.bind(number, text)
          }
        }
        _ = try insert.step()
      }
      try database.execute("COMMIT")
    }
  }
}
