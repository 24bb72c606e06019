import Attribution
import Foundation
import SQLite
import Testing
import Traffic

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
  private static let expected = Result {
    let input = try TemporaryFolder()
    for (kind, lines) in events.lines {
      try input.write("\(kind.inputName).jsonl", lines.joined(separator: "\n"))
    }
    return try numbers([input.url.path])
  }

  private static func numbers(_ paths: [String], map: [String] = []) throws -> Numbers {
    try Numbers(
      ofFiles: paths, events.options.definitions, TemporaryFolder(), map: map, now: now)
  }

  private func check(_ paths: [String], map: [String] = []) throws {
    let expected = try FormatTests.expected.get()
    let found = try FormatTests.numbers(paths, map: map)
    #expect(expected.rollups.count > 10 && expected.attributions.count > 10)
    #expect(found == expected, "\(found.difference(from: expected) ?? "")")
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
    try check([input.url.path])
  }
}
