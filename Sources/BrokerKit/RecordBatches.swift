/// Kafka's record batches, format 2.
enum RecordBatches {
  /// Calls `body` with the producer of every mark that aborts a transaction.
  static func forEachAbort(in records: ArraySlice<UInt8>, _ body: (Int64) -> Void) {
    var reader = FrameReader(records)
    while reader.skip(8), let size = reader.integer(Int32.self), size > 0, reader.has(Int(size)) {
      let next = reader.position + Int(size)
      defer { reader.position = next }
      // Leader epoch, format, checksum; then the attributes, of which 0x20 says "control".
      guard reader.skip(4 + 1 + 4), let attributes = reader.integer(Int16.self),
        attributes & 0x20 != 0,
        // Last offset delta, two timestamps; then producer, epoch, sequence, count.
        reader.skip(4 + 8 + 8), let producer = reader.integer(Int64.self),
        reader.skip(2 + 4 + 4), reader.varint() != nil, reader.skip(1), reader.varint() != nil,
        reader.varint() != nil, reader.varint() != nil, reader.skip(2),
        let type = reader.integer(Int16.self), type == 0
      else { continue }
      body(producer)
    }
  }

  /// The batches at the beginning of `records` that are within `limit` bytes, but at least one.
  ///
  /// - Returns: where the next one begins, and the offset behind the last one taken; nil if there is no
  ///   whole batch.
  static func cut(
    _ records: ArraySlice<UInt8>, limit: Int
  ) -> (end: Int, nextOffset: Int64)? {
    var reader = FrameReader(records)
    var found: (end: Int, nextOffset: Int64)?
    while let base = reader.integer(Int64.self), let size = reader.integer(Int32.self), size > 0,
      reader.has(Int(size))
    {
      let end = reader.position + Int(size)
      if found != nil, end - records.startIndex > limit { break }
      // Leader epoch, format, checksum, attributes.
      guard reader.skip(4 + 1 + 4 + 2), let last = reader.integer(Int32.self) else { break }
      found = (end, base + Int64(last) + 1)
      reader.position = end
    }
    return found
  }
}
