/// What a client wants to read.
struct FetchRequest: Sendable {
  struct Partition: Sendable {
    let name: FetchedPartition.Name
    let offset: Int64
    /// The most bytes to answer with.
    let limit: Int
  }

  /// As it came, for asking again.
  let frame: [UInt8]
  /// Until when the client waits for the first record.
  let deadline: ContinuousClock.Instant
  /// The most bytes of all partitions together.
  let limit: Int
  let partitions: [Partition]

  /// A request that comes now.
  ///
  /// - Parameter reader: behind the number of the request.
  init?(_ reader: inout FrameReader, of frame: [UInt8], version: Int16) {
    // The client's name; then its id, waiting time, least bytes, most bytes, isolation.
    guard FetchAnswer.versions.contains(version), reader.string() != nil, reader.skip(4),
      let wait = reader.integer(Int32.self), reader.skip(4),
      let limit = reader.integer(Int32.self), reader.skip(1 + (version >= 7 ? 8 : 0)),
      let topics = reader.count()
    else { return nil }
    self.frame = frame
    deadline = .now + .milliseconds(wait)
    self.limit = Int(limit)
    var found: [Partition] = []
    for _ in 0..<topics {
      guard let topic = reader.string(), let count = reader.count() else { return nil }
      for _ in 0..<count {
        guard let number = reader.integer(Int32.self), reader.skip(version >= 9 ? 4 : 0),
          let offset = reader.integer(Int64.self), reader.skip(version >= 5 ? 8 : 0),
          let limit = reader.integer(Int32.self)
        else { return nil }
        found.append(
          Partition(
            name: FetchedPartition.Name(topic: Array(topic), number: number), offset: offset,
            limit: Int(limit)))
      }
    }
    partitions = found
  }
}
