// Safety: owns its chunk of memory for the length of one call.

/// Tells contents of files apart, whoever chose them: SHA-256 over all bytes, and their number.
///
/// A ledger's key says which content is in the topics already; if two files could share one, the second would
/// be left out. So no secret and no quick hash will do: it must be the same for every process, for years.
struct ContentHash: Hashable {
  let text: String

  /// Of a file as it lies on the disk, and of the log of a SQLite file beside it, whose rows are read too.
  init(ofFile path: String) throws {
    let digest = SHA256()
    var size = try ContentHash.add(path, to: digest)
    if FileStamp.hasLog(path) {
      size += try ContentHash.add(path + FileStamp.logSuffix, to: digest)
    }
    let text = digest.finish().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    self.text = "\(text)-\(size)"
  }

  private static func add(_ path: String, to digest: SHA256) throws -> Int {
    let file = try FileBytes(path)
    let chunk = UnsafeMutableRawBufferPointer.allocate(
      byteCount: RecordLimit.chunk, alignment: 16)
    defer { chunk.deallocate() }
    var size = 0
    while true {
      let count = try file.read(into: chunk)
      if count == 0 { return size }
      digest.add(UnsafeRawBufferPointer(rebasing: chunk[..<count]))
      size += count
    }
  }
}
