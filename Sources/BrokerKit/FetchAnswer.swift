/// The answer to a fetch.
struct FetchAnswer {
  /// From the first with transactions to the last before the compact encodings.
  static let versions: ClosedRange<Int16> = 4...11

  /// From the number of the request to the session.
  let head: ArraySlice<UInt8>
  var partitions: [FetchedPartition]

  /// nil if the answer cannot be read.
  init?(_ frame: [UInt8], version: Int16) {
    guard FetchAnswer.versions.contains(version) else { return nil }
    var reader = FrameReader(frame[...])
    guard reader.skip(4 + 4 + (version >= 7 ? 6 : 0)) else { return nil }
    head = frame[..<reader.position]
    partitions = []
    guard let topics = reader.count() else { return nil }
    for _ in 0..<topics {
      guard let topic = reader.string().map(Array.init), let count = reader.count() else {
        return nil
      }
      for _ in 0..<count {
        guard let partition = FetchedPartition(&reader, of: frame, topic: topic, version: version)
        else { return nil }
        partitions.append(partition)
      }
    }
  }

  /// To the request `number`, as a broker that has `partitions` at hand.
  init(to number: Int32, version: Int16, _ partitions: [FetchedPartition]) {
    var head: [UInt8] = []
    head.append(bigEndian: number)
    // Neither held back, nor an error, nor a session.
    head += repeatElement(0, count: 4 + (version >= 7 ? 6 : 0))
    self.head = head[...]
    self.partitions = partitions
  }

  /// Whether there is nothing in it that a client should know at once.
  var isEmpty: Bool { partitions.allSatisfy { $0.records.isEmpty && !$0.isError } }

  func frame() -> [UInt8] {
    var frame: [UInt8] = []
    frame.reserveCapacity(partitions.reduce(head.count + 4) { $0 + $1.records.count + 256 })
    frame += head
    // A topic may stand there more than once.
    frame.append(bigEndian: Int32(partitions.count))
    for partition in partitions { partition.write(into: &frame) }
    return frame
  }
}

/// What an answer says of one partition.
struct FetchedPartition {
  struct Name: Hashable, Sendable {
    let topic: [UInt8]
    let number: Int32
  }

  struct AbortedTransaction {
    let producer: Int64
    let firstOffset: Int64
  }

  let name: Name
  /// From the error to the log's start.
  let head: ArraySlice<UInt8>
  var aborted: [AbortedTransaction]
  /// The replica to prefer.
  let tail: ArraySlice<UInt8>
  var records: ArraySlice<UInt8>

  init?(_ reader: inout FrameReader, of frame: [UInt8], topic: [UInt8], version: Int16) {
    guard let number = reader.integer(Int32.self) else { return nil }
    name = Name(topic: topic, number: number)
    let start = reader.position
    // Error, high watermark, last stable offset, log start.
    guard reader.skip(2 + 8 + 8 + (version >= 5 ? 8 : 0)) else { return nil }
    head = frame[start..<reader.position]
    guard let count = reader.count() else { return nil }
    aborted = []
    for _ in 0..<count {
      guard let producer = reader.integer(Int64.self), let offset = reader.integer(Int64.self)
      else { return nil }
      aborted.append(AbortedTransaction(producer: producer, firstOffset: offset))
    }
    let end = reader.position
    guard reader.skip(version >= 11 ? 4 : 0) else { return nil }
    tail = frame[end..<reader.position]
    guard let size = reader.count(), reader.has(size) else { return nil }
    records = frame[reader.position..<(reader.position + size)]
    _ = reader.skip(size)
  }

  fileprivate func write(into frame: inout [UInt8]) {
    frame.append(bigEndian: Int16(name.topic.count))
    frame += name.topic
    frame.append(bigEndian: Int32(1))
    frame.append(bigEndian: name.number)
    frame += head
    frame.append(bigEndian: Int32(aborted.count))
    for transaction in aborted {
      frame.append(bigEndian: transaction.producer)
      frame.append(bigEndian: transaction.firstOffset)
    }
    frame += tail
    frame.append(bigEndian: Int32(records.count))
    frame += records
  }

  fileprivate var isError: Bool { !head.prefix(2).allSatisfy { $0 == 0 } }

  /// Leaves the transactions whose mark of abortion is among the records: `noida-db` answers with all
  /// records up to the last stable offset, so that a transaction without it there has ended before.
  /// Marks belong to a producer's last transactions.
  mutating func forgetEndedTransactions() {
    guard !aborted.isEmpty else { return }
    var marks: [Int64: Int] = [:]
    RecordBatches.forEachAbort(in: records) { marks[$0, default: 0] += 1 }
    aborted.sort { $0.firstOffset > $1.firstOffset }
    aborted.removeAll { transaction in
      guard marks[transaction.producer, default: 0] > 0 else { return true }
      marks[transaction.producer]! -= 1
      return false
    }
    aborted.reverse()
  }

  /// Cuts the records off after `limit` bytes, but not before the first batch.
  ///
  /// - Returns: the rest, and the offset where it begins; nil if everything is within the limit.
  mutating func cut(limit: Int) -> (offset: Int64, rest: FetchedPartition)? {
    guard records.count > limit, let (end, offset) = RecordBatches.cut(records, limit: limit),
      end < records.endIndex
    else { return nil }
    var rest = self
    rest.records = records[end...]
    rest.forgetEndedTransactions()
    records = records[..<end]
    return (offset, rest)
  }
}
