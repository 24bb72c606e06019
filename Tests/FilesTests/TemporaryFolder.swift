import Attribution
import CZlib
import CZstd
import Foundation

@testable import Configuration
@testable import Files

/// A folder that is gone when nobody refers to it any more.
final class TemporaryFolder {
  let url = FileManager.default.temporaryDirectory.appendingPathComponent("files-\(UUID())")

  init() throws {
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(at: url) }

  func path(_ name: String) -> String { url.appendingPathComponent(name).path }

  @discardableResult
  func write(_ name: String, _ text: String) throws -> String {
    try write(name, Array(text.utf8))
  }

  @discardableResult
  func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    let target = url.appendingPathComponent(name)
    try FileManager.default.createDirectory(
      at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: target)
    return target.path
  }

  /// Writes a gzip file, of one member.
  @discardableResult
  func write(gzip name: String, _ bytes: [UInt8]) throws -> String {
    let path = path(name)
    let file = gzopen(path, "wb")
    _ = bytes.withUnsafeBytes { gzwrite(file, $0.baseAddress, UInt32($0.count)) }
    gzclose(file)
    return path
  }

  func bytes(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: path(name))))
  }

  var names: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []).sorted()
  }
}

/// Hands bytes out in pieces of one size.
final class Pieces: ByteSource {
  private let bytes: [UInt8]
  private let size: Int
  private var cursor = 0

  init(_ bytes: [UInt8], size: Int) {
    self.bytes = bytes
    self.size = size
  }

  var consumed: Int64 { Int64(cursor) }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    let count = min(size, bytes.count - cursor, buffer.count)
    bytes.withUnsafeBytes { buffer.copyMemory(from: .init(rebasing: $0[cursor..<cursor + count])) }
    cursor += count
    return count
  }
}

/// All records of a source, as text, with their lines.
func records(_ source: any RecordSource) throws -> [(
  text: String, line: Int, complaint: Complaint?
)] {
  var found: [(text: String, line: Int, complaint: Complaint?)] = []
  while try source.next({
    if $0.isFiltered { return }
    found.append((String(decoding: $0.bytes, as: UTF8.self), $0.line, $0.complaint))
  }) {}
  return found
}

extension TemporaryFolder {
  /// Writes a zstd file, of one frame.
  @discardableResult
  func write(zstd name: String, _ bytes: [UInt8]) throws -> String {
    try write(name, zstd(bytes))
  }
}

/// Bytes as one frame of zstd.
func zstd(_ bytes: [UInt8]) -> [UInt8] {
  var packed = [UInt8](repeating: 0, count: ZSTD_compressBound(bytes.count))
  let count = ZSTD_compress(&packed, packed.count, bytes, bytes.count, 3)
  return Array(packed[..<count])
}

/// Text as UTF-16 with a byte order mark.
func utf16(_ text: String, isBigEndian: Bool) -> [UInt8] {
  ([0xFEFF] + Array(text.utf16)).flatMap { (unit: UInt16) in
    let bytes = [UInt8(unit >> 8), UInt8(unit & 0xFF)]
    return isBigEndian ? bytes : bytes.reversed()
  }
}

/// A configuration whose `inputs` are these entries, each in YAML's flow style.
func configuration(_ entries: String..., more: String = "") throws -> Configuration {
  let inputs = entries.map { "  - {\($0)}\n" }.joined()
  return try Configuration.load(yaml: (inputs.isEmpty ? "" : "inputs:\n\(inputs)") + more)
}

/// What becomes of a file's records of a kind.
func records(
  of path: String, _ kind: EventKind, _ configuration: Configuration = Configuration(),
  map: [String] = [], form: TableOverrides = TableOverrides()
) throws -> [(text: String, line: Int, complaint: Complaint?)] {
  let rules = try FileRules(configuration, map: ColumnMap(map), form: form)
  let parts = try FileFinder(rules: rules).find([path]).files
  return try parts.filter { $0.kind == kind }.flatMap {
    try records($0.open(currency: configuration.definitions.currency))
  }
}
