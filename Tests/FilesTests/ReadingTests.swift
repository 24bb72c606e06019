import Attribution
import Foundation
import Testing

@testable import Files

/// Files become records, whatever they look like and however they come off the disk.
@Suite struct ReadingTests {
  /// Sizes of reads that break text at every place; short ones cannot begin with half a mark.
  private static let sizes = [3, 4, 5, 7, 64, 1 << 20]

  private func rows(_ text: String, size: Int, delimiter: Character = ",") throws -> [[String]] {
    var rows = try DelimitedRows(
      Pieces(Array(text.utf8), size: size), name: "t.csv", delimiter: delimiter.asciiValue!)
    var found: [[String]] = []
    while try rows.next() {
      found.append(
        rows.ends.indices.map { String(decoding: rows.text[rows.range($0)], as: UTF8.self) })
    }
    return found
  }

  @Test(arguments: sizes) func rowsAreThoseOfRFC4180(_ size: Int) throws {
    #expect(try rows("a,b\r\n1,2\r\n", size: size) == [["a", "b"], ["1", "2"]])
    #expect(try rows("a,b\n1,2", size: size) == [["a", "b"], ["1", "2"]])
    #expect(try rows("\u{FEFF}a,b\n", size: size) == [["a", "b"]])
    #expect(try rows("a,,\n", size: size) == [["a", "", ""]])
    #expect(try rows("\"a,b\",\"c\"\"d\",\"\"\n", size: size) == [["a,b", "c\"d", ""]])
    #expect(try rows("\"two\r\nlines\",x\r\ny\r\n", size: size) == [["two\r\nlines", "x"], ["y"]])
    #expect(try rows("\n\r\na\n\n\n", size: size) == [["a"]])
    #expect(try rows("a\"b,c\rd\n", size: size) == [["a\"b", "c\rd"]])
    #expect(try rows("a\tb,c\n", size: size, delimiter: "\t") == [["a", "b,c"]])
    #expect(try rows("", size: size) == [])
  }

  @Test(arguments: sizes) func aRowKnowsTheLineItBeginsOn(_ size: Int) throws {
    var rows = try DelimitedRows(
      Pieces(Array("h\n\n\"1\n2\n3\"\nx\n".utf8), size: size), name: "t.csv", delimiter: 0x2C)
    var lines: [Int] = []
    while try rows.next() { lines.append(rows.line) }
    #expect(lines == [1, 3, 6])
  }

  @Test func aQuoteThatIsNeverClosedNamesItsLine() throws {
    let error = #expect(throws: FileError.self) { try rows("a,b\n1,\"2\n3,4\n", size: 64) }
    #expect(error?.description.hasPrefix("t.csv:2: a quote that opens on this line") == true)
  }

  @Test func aRowBecomesTheObjectThatTheTopicWouldHold() throws {
    let text =
      [
        "order,when,customer,value,note", #"v-1,1767571570250,"u ""1""",59.90,ignored"#,
        "v-2,2026-01-05T00:01:02Z,u-2,,", "v-3,007,u-3,1,x,too many", "v-4,1,u-4",
        #"v-5,-1,"u"-5,2,x"#,
      ].joined(separator: "\r\n") + "\r\n"
    var shape = FileShape(kind: .conversion)
    shape.map = try ColumnMap(["event_id=order", "event_time=when", "user_id=customer"])
    let table = try DelimitedTable(
      Pieces(Array(text.utf8), size: 5), shape: shape, currency: "EUR", name: "t.csv",
      delimiter: nil)
    let found = try records(table)
    #expect(
      found.map(\.text).prefix(2) == [
        #"{"event_id":"v-1","user_id":"u \"1\"","event_time":1767571570250,"value":"59.90"}"#,
        #"{"event_id":"v-2","user_id":"u-2","event_time":"2026-01-05T00:01:02Z"}"#,
      ])
    #expect(
      found.map(\.complaint?.problem) == [
        nil, nil, "6 fields, but the header has 5", "3 fields, but the header has 5",
        "text follows a closing quote",
      ])
    #expect(found.map(\.line) == [2, 3, 4, 5, 6])
  }

  @Test(arguments: [3, 64, 1 << 20]) func linesOfJSONKeepTheirBytes(_ size: Int) throws {
    let source = try JSONRecords(
      Pieces(Array("\u{FEFF}{\"a\":1}\r\n\n  \n{\"b\": 2}".utf8), size: size), name: "t.jsonl")
    let found = try records(source)
    #expect(found.map(\.text) == [#"{"a":1}"#, #"{"b": 2}"#])
    #expect(found.map(\.line) == [1, 4])
  }

  @Test(arguments: [1_000, 1 << 20]) func ofAnEndlessLineOnlyTheBeginningIsKept(_ size: Int) throws
  {
    let text = String(repeating: "x", count: 3 << 20) + "\n{}\n"
    let source = try JSONRecords(Pieces(Array(text.utf8), size: size), name: "t.jsonl")
    let found = try records(source)
    #expect(found.count == 2)
    #expect(found[0].text.utf8.count > 65_536 && found[0].text.utf8.count <= 2 * RecordLimit.chunk)
    #expect(found[1].text == "{}" && found[1].line == 2)

    let table =
      "event_id,event_time,user_id\n1,2,\(String(repeating: "u", count: 3 << 20))\n3,4,5\n"
    let rows = try records(
      DelimitedTable(
        Pieces(Array(table.utf8), size: size), shape: FileShape(kind: .conversion), currency: "EUR",
        name: "t.csv", delimiter: nil))
    #expect(rows.map(\.text.utf8.count).first == RecordLimit.kept)
    #expect(rows.last?.text == #"{"event_id":"3","user_id":"5","event_time":4}"#)
  }

  @Test func gzipIsUnpackedInAllItsMembers() throws {
    let folder = try TemporaryFolder()
    let lines = (0..<50_000).map { "{\"event_id\":\"\($0)\"}\n" }
    let one = try folder.bytes(gzip: lines.prefix(30_000).joined())
    let two = try folder.bytes(gzip: lines.dropFirst(30_000).joined())
    let path = try folder.write("clicks.jsonl.gz", one + two)
    let found = try records(JSONRecords(FileBytes.open(path), name: path))
    #expect(found.map(\.text) == lines.map { String($0.dropLast()) })

    let cut = try folder.write("cut.jsonl.gz", Array(one.dropLast(100)))
    #expect(throws: FileError("\(cut) is cut off: the gzip data end too early")) {
      _ = try records(JSONRecords(FileBytes.open(cut), name: cut))
    }
    var damaged = one
    for index in 500..<520 { damaged[index] ^= 0x55 }
    let broken = try folder.write("broken.jsonl.gz", damaged)
    #expect(throws: FileError.self) {
      _ = try records(JSONRecords(FileBytes.open(broken), name: broken))
    }
    // The content decides, not the name.
    let plain = try folder.write("plain.jsonl.gz", "{}\n")
    #expect(try records(JSONRecords(FileBytes.open(plain), name: plain)).map(\.text) == ["{}"])
  }
}

extension TemporaryFolder {
  fileprivate func bytes(gzip text: String) throws -> [UInt8] {
    try write(gzip: "part.gz", Array(text.utf8))
    defer { try? FileManager.default.removeItem(atPath: path("part.gz")) }
    return try bytes("part.gz")
  }
}
