// Safety: hashes bytes that are lent for one call.

/// Where a record is, as an id for events that have none: a digest of the file's records up to and
/// including it, and its line.
///
/// The same content has the same ids under any name and however it is packed. A file that has grown keeps
/// the ids of the records that it had, so that they count once. Two files have the same ids only as far as
/// they begin with the same records.
struct RowPlace {
  /// Bytes of the digest that stand in an id; no two contents share so many.
  private static let shownBytes = 16
  private let hash = SHA256()
  private var digest: [UInt8] = []

  /// Goes on to the next record.
  ///
  /// - Parameters:
  ///   - bytes: all of the record's.
  ///   - ends: where in it each of its fields ends, if it has some.
  mutating func advance(_ bytes: UnsafeRawBufferPointer, ends: [Int] = []) {
    hash.begin()
    digest.withUnsafeBytes { hash.add($0) }
    ends.withUnsafeBytes { hash.add($0) }
    hash.add(bytes)
    digest = hash.finish()
  }

  /// Appends the id of the record that `advance` has been told of last.
  func append(line: Int, to output: inout [UInt8]) {
    for byte in digest.prefix(Self.shownBytes) {
      for digit in [byte >> 4, byte & 0xF] {
        output.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
      }
    }
    output.append(UInt8(ascii: "-"))
    output.append(contentsOf: String(line).utf8)
  }
}
