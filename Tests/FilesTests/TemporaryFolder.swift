import Attribution
import CZlib
import Foundation

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
func records(_ source: any RecordSource) throws -> [(text: String, line: Int, complaint: String?)] {
  var found: [(text: String, line: Int, complaint: String?)] = []
  while try source.next({
    found.append((String(decoding: $0.bytes, as: UTF8.self), $0.line, $0.complaint))
  }) {}
  return found
}
