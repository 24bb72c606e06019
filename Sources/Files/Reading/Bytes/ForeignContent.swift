/// Content that is not text, told by its first bytes, and what to do about it.
enum ForeignContent {
  /// How many bytes have to be looked at.
  static let peekSize = 512

  private static let signatures: [(bytes: [UInt8], advice: String)] = [
    (
      Array("PK\u{3}\u{4}".utf8),
      "is a zip archive or an Excel workbook; unpack it, or save the sheet as CSV"
    ),
    ([0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1], "is an Excel workbook; save the sheet as CSV"),
    (Array("SQLite format 3\0".utf8), "is a SQLite file; let its name end in .sqlite"),
    (
      Array("BZh".utf8) + [0x31, 0x41, 0x59, 0x26],
      "is packed with bzip2; unpack it, or pack it with gzip or zstd"
    ),
    (
      [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0],
      "is packed with xz; unpack it, or pack it with gzip or zstd"
    ),
    ([0x04, 0x22, 0x4D, 0x18], "is packed with lz4; unpack it, or pack it with gzip or zstd"),
    (Array("PAR1".utf8), "is a Parquet file; write it as CSV, JSON lines or SQLite"),
    (Array("ORC".utf8) + [0x08], "is an ORC file; write it as CSV, JSON lines or SQLite"),
    (Array("Obj\u{1}".utf8), "is an Avro file; write it as CSV, JSON lines or SQLite"),
    ([0x1F, 0x8B], "is packed with gzip twice; unpack it once"),
  ]

  /// What is wrong with content that begins so; nil if nothing is.
  static func advice(_ start: ArraySlice<UInt8>) -> String? {
    if let found = signatures.first(where: { isStart($0.bytes, of: start) }) { return found.advice }
    let isArchive = start.dropFirst(257).starts(with: Array("ustar".utf8))
    return isArchive ? "is a tar archive; unpack it" : nil
  }

  /// bzip2's signature has a digit, the size of its blocks, behind the third byte.
  private static func isStart(_ signature: [UInt8], of start: ArraySlice<UInt8>) -> Bool {
    guard signature.starts(with: Array("BZh".utf8)) else { return start.starts(with: signature) }
    return start.starts(with: signature.prefix(3))
      && start.dropFirst(4).starts(with: signature[3...])
  }
}
