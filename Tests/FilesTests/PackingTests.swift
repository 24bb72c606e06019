import CZstd
import Foundation
import Testing

@testable import Files

/// Packed files are unpacked whatever they are called, and text in other encodings becomes UTF-8.
@Suite struct PackingTests {
  private static let lines = (0..<40_000).map { "{\"event_id\":\"\($0 &* 2_654_435_761)\"}" }
  private static let text = Array(lines.joined(separator: "\n").utf8)

  /// The lines of a file with this content, and the warning that it ends with.
  private func read(
    _ bytes: [UInt8], _ name: String = "clicks.jsonl"
  ) throws -> (lines: [String], warning: String?) {
    let folder = try TemporaryFolder()
    let path = try folder.write(name, bytes)
    let source = try JSONRecords(FileBytes.open(path), name: name)
    return (try records(source).map(\.text), source.warning)
  }

  private func gzip(_ bytes: [UInt8]) throws -> [UInt8] {
    let folder = try TemporaryFolder()
    try folder.write(gzip: "packed", bytes)
    return try folder.bytes("packed")
  }

  @Test func contentDecidesHowAFileIsPacked() throws {
    for packed in [Self.text, try gzip(Self.text), zstd(Self.text)] {
      for name in ["clicks.jsonl", "clicks.jsonl.gz", "clicks.jsonl.zst"] {
        #expect(try read(packed, name).lines == Self.lines)
      }
    }
  }

  @Test func zerosBehindGzipArePaddingAndOtherBytesAreIgnoredWithAWarning() throws {
    let middle = Self.text.count / 2
    let packed = try gzip(Array(Self.text[..<middle])) + gzip(Array(Self.text[middle...]))
    // More padding than fits in one read.
    for padding in [1, 511, 100_000] {
      let found = try read(packed + Array(repeating: 0, count: padding))
      #expect(found.lines == Self.lines && found.warning == nil)
    }
    for rest in [[0x1F], [0x41], [0x41, 0x42], [0x8B, 0x1F], [0, 0, 0x1F, 0x8B]] as [[UInt8]] {
      let found = try read(packed + rest)
      #expect(found.lines == Self.lines)
      #expect(
        found.warning?.hasSuffix("bytes behind the end of the gzip data are ignored") == true)
    }
    #expect(throws: FileError.self) { try read(packed + [0x1F, 0x8B, 0, 0]) }
    #expect(throws: FileError.self) { try read(packed + [0x1F, 0x8B]) }
  }

  @Test func zstdIsUnpackedInAllItsFrames() throws {
    let middle = Self.text.count / 3
    // A skippable frame of five bytes.
    let skipped: [UInt8] = [0x5A, 0x2A, 0x4D, 0x18, 5, 0, 0, 0, 1, 2, 3, 4, 5]
    let frames =
      skipped + zstd(Array(Self.text[..<middle])) + zstd([]) + skipped
      + zstd(Array(Self.text[middle...])) + skipped
    #expect(try read(frames).lines == Self.lines)
  }

  @Test func zstdThatIsCutOffOrDamagedIsSaidSo() throws {
    let packed = zstd(Self.text)
    for count in [5, 9, packed.count / 2, packed.count - 1] {
      let error = #expect(throws: FileError.self) { try read(Array(packed[..<count])) }
      #expect(error?.description.hasSuffix("is cut off: the zstd data end too early") == true)
    }
    // The first block gets a type that does not exist.
    var damaged = packed
    damaged[9] |= 0b110
    let error = #expect(throws: FileError.self) { try read(damaged) }
    #expect(error?.description.contains("is damaged: the zstd data are not valid") == true)
    #expect(throws: FileError.self) { try read(packed + Array("rest".utf8)) }
  }

  @Test func aZstdFrameThatNeedsTooMuchMemoryIsRefused() throws {
    // A frame without content whose window has 2²⁸ bytes, and one with 2²⁷.
    let large: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0, (28 - 10) << 3, 1, 0, 0]
    let error = #expect(throws: FileError.self) { try read(large) }
    #expect(error?.description.contains("needs more than 128 MiB to unpack") == true)
    var allowed = large
    allowed[5] = (27 - 10) << 3
    #expect(try read(allowed).lines == [])
  }

  @Test func contentThatIsNoTextIsNamed() throws {
    let tar = Array("clicks.jsonl".utf8) + Array(repeating: 0, count: 245) + Array("ustar\0".utf8)
    for (content, advice) in [
      (Array("PK\u{3}\u{4}".utf8), "Excel"), (Array("SQLite format 3\0".utf8), ".sqlite"),
      (Array("BZh91AY&SY".utf8), "bzip2"), ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], "xz"),
      (Array("PAR1".utf8), "Parquet"), (Array("Obj\u{1}".utf8), "Avro"), (tar, "tar archive"),
      (try gzip(gzip(Self.text)), "gzip twice"), (try gzip(tar), "tar archive"),
    ] {
      let error = #expect(throws: FileError.self) { try read(content) }
      #expect(error?.description.contains(advice) == true, "\(error!)")
    }
  }

  // MARK: UTF-16

  private static let table = "event_id,user_id,event_time\r\n1,\"Zoë €😀\",5\r\n"

  private func table(_ bytes: [UInt8], size: Int) throws -> [String] {
    try records(
      DelimitedTable(
        Pieces(bytes, size: size), shape: FileShape(kind: .conversion), currency: "EUR",
        name: "t.csv",
        delimiter: nil)
    ).map(\.text)
  }

  @Test(arguments: [1, 2, 3, 7, 1 << 16]) func utf16BecomesUTF8(_ size: Int) throws {
    for isBigEndian in [false, true] {
      #expect(
        try table(utf16(Self.table, isBigEndian: isBigEndian), size: size)
          == [#"{"event_id":"1","user_id":"Zoë €😀","event_time":5}"#])
    }
  }

  @Test func utf16ThatIsCutOffOrUnmarkedIsSaidSo() throws {
    let bytes = utf16(Self.table, isBigEndian: false)
    let odd = #expect(throws: FileError.self) { try table(bytes + [0x41], size: 7) }
    #expect(odd?.description == "t.csv is cut off: UTF-16 that ends in the middle of a character")
    for (unmarked, name) in [
      (Array(bytes.dropFirst(2)), "UTF-16LE"),
      (Array(utf16(Self.table, isBigEndian: true).dropFirst(2)), "UTF-16BE"),
    ] {
      let error = #expect(throws: FileError.self) { try table(unmarked, size: 64) }
      #expect(error?.description.contains("iconv -f \(name) -t UTF-8") == true, "\(error!)")
    }
    #expect(throws: FileError("t.csv is UTF-32; convert it to UTF-8")) {
      try table([0xFF, 0xFE, 0, 0, 0x41, 0, 0, 0], size: 64)
    }
  }

  @Test func halfOfAPairHarmsOnlyTheRecordThatUsesIt() throws {
    var bytes = utf16("event_id,user_id,event_time\n1,u,5\n2,v,5\n", isBigEndian: true)
    let place = try #require(bytes.lastIndex(of: UInt8(ascii: "v")))
    bytes.replaceSubrange((place - 1)...place, with: [0xD8, 0x00])
    let found = try table(bytes, size: 3)
    #expect(found.count == 2 && found[0].contains("\"u\""))
    #expect(found[1].contains("\u{FFFD}"))
  }
}
