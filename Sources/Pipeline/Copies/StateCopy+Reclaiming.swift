import Attribution

/// How a copy gives back the room of what is forgotten.
extension StateCopy {
  /// Removes segments of which nothing is live, and writes one anew of which less than half is. The last has the last
  /// commit, and stays.
  func reclaim(_ folder: any CopyFolder) throws {
    for segment in segments.dropLast() where segment.live.isEmpty {
      try folder.remove(segment.name)
    }
    let current = segments.removeLast()
    segments.removeAll { $0.live.isEmpty }
    segments.append(current)
    guard
      let index = segments.dropLast().firstIndex(where: { 2 * $0.liveBytes < $0.byteCount })
    else { return }
    let bytes = try folder.read(segments[index].name)
    guard bytes.count == segments[index].byteCount else { throw CopyError.damaged }
    var kept: [UInt8] = []
    kept.reserveCapacity(segments[index].liveBytes)
    try bytes.withUnsafeBytes { bytes in
      var offset = 0
      while offset < bytes.count {
        guard let block = CopyBlock(bytes[offset...], seed: seed) else { throw CopyError.damaged }
        if block.kind == .record, segments[index].live[block.bucket] != nil {
          kept.append(
            contentsOf: UnsafeRawBufferPointer(
              rebasing: bytes[offset..<offset + block.byteCount]))
        }
        offset += block.byteCount
      }
    }
    try kept.withUnsafeBytes { try folder.replace(segments[index].name, with: $0) }
    segments[index].byteCount = kept.count
  }
}
