// What the relay must know of Kafka's protocol: https://kafka.apache.org/protocol

/// A request whose answer is looked at.
struct KafkaRequest: Sendable {
  enum Kind: Sendable { case fetch, addresses, versions }

  let kind: Kind
  let version: Int16

  /// The number that the answer will carry, and the request; nil for one of no interest.
  static func parse(_ frame: [UInt8]) -> (number: Int32, request: KafkaRequest)? {
    var reader = FrameReader(frame[...])
    guard let key = reader.integer(Int16.self), let version = reader.integer(Int16.self),
      let number = reader.integer(Int32.self)
    else { return nil }
    let kinds: [Int16: Kind] = [1: .fetch, 3: .addresses, 10: .addresses, 18: .versions]
    return kinds[key].map { (number, KafkaRequest(kind: $0, version: version)) }
  }
}

/// Metadata and FindCoordinator: they name the broker's address.
enum AddressAnswer {
  static func mended(_ frame: [UInt8], from port: UInt16, to relay: UInt16) -> [UInt8] {
    var wanted = Array("127.0.0.1".utf8)
    wanted.append(bigEndian: Int32(port))
    var replacement: [UInt8] = []
    replacement.append(bigEndian: Int32(relay))
    var frame = frame
    guard frame.count >= wanted.count else { return frame }
    for start in 0...(frame.count - wanted.count)
    where frame[start] == wanted[0] && frame[start..<(start + wanted.count)].elementsEqual(wanted) {
      let end = start + wanted.count
      frame.replaceSubrange((end - replacement.count)..<end, with: replacement)
    }
    return frame
  }
}

/// ApiVersions: keeps clients at the versions of fetch that `FetchAnswer` reads.
enum VersionsAnswer {
  static func mended(_ frame: [UInt8], version: Int16) -> [UInt8]? {
    var reader = FrameReader(frame[...])
    let isFlexible = version >= 3
    guard reader.skip(4 + 2) else { return nil }
    let count = isFlexible ? reader.unsignedVarint().map { Int($0) - 1 } : reader.count()
    guard let count else { return nil }
    var frame = frame
    for _ in 0..<max(0, count) {
      guard let key = reader.integer(Int16.self), reader.skip(2) else { return nil }
      let place = reader.position
      guard let last = reader.integer(Int16.self) else { return nil }
      if isFlexible { guard reader.skip(1) else { return nil } }
      guard key == 1, last > FetchAnswer.lastVersion else { continue }
      frame[place] = 0
      frame[place + 1] = UInt8(FetchAnswer.lastVersion)
    }
    return frame
  }
}

/// Fetch: the aborted transactions of each partition.
enum FetchAnswer {
  /// The last version before the compact encodings.
  static let lastVersion: Int16 = 11

  /// The answer without transactions that were aborted before what was fetched; nil if it cannot be
  /// read.
  static func mended(_ frame: [UInt8], version: Int16) -> [UInt8]? {
    // Before 4 there are no transactions.
    guard (4...lastVersion).contains(version) else { return nil }
    var reader = FrameReader(frame[...])
    var mended: [UInt8] = []
    var copied = 0
    guard reader.skip(4 + 4 + (version >= 7 ? 6 : 0)), let topics = reader.count() else {
      return nil
    }
    for _ in 0..<topics {
      guard let name = reader.integer(Int16.self), reader.skip(Int(name)),
        let partitions = reader.count()
      else { return nil }
      for _ in 0..<partitions {
        // Partition, error, high watermark, last stable offset, log start.
        guard reader.skip(4 + 2 + 8 + 8 + (version >= 5 ? 8 : 0)) else { return nil }
        let start = reader.position
        guard let listed = abortedTransactions(&reader) else { return nil }
        let end = reader.position
        guard reader.skip(version >= 11 ? 4 : 0), let size = reader.count(), reader.has(size)
        else { return nil }
        let kept = reaching(listed, into: frame[reader.position..<(reader.position + size)])
        _ = reader.skip(size)
        guard kept.count < listed.count else { continue }
        mended += frame[copied..<start]
        mended.append(bigEndian: Int32(kept.count))
        for transaction in kept {
          mended.append(bigEndian: transaction.producer)
          mended.append(bigEndian: transaction.firstOffset)
        }
        copied = end
      }
    }
    mended += frame[copied...]
    return mended
  }

  /// Whether the answer brings no records of any partition. Large ones are not looked at.
  static func isEmpty(_ frame: [UInt8], version: Int16) -> Bool {
    guard (4...lastVersion).contains(version), frame.count < largestEmpty else { return false }
    var reader = FrameReader(frame[...])
    guard reader.skip(4 + 4 + (version >= 7 ? 6 : 0)), let topics = reader.count() else {
      return false
    }
    for _ in 0..<topics {
      guard let name = reader.integer(Int16.self), reader.skip(Int(name)),
        let partitions = reader.count()
      else { return false }
      for _ in 0..<partitions {
        guard reader.skip(4 + 2 + 8 + 8 + (version >= 5 ? 8 : 0)),
          abortedTransactions(&reader) != nil, reader.skip(version >= 11 ? 4 : 0),
          let size = reader.count(), size == 0
        else { return false }
      }
    }
    return true
  }

  private static let largestEmpty = 16_384

  private struct Aborted {
    let producer: Int64
    let firstOffset: Int64
  }

  private static func abortedTransactions(_ reader: inout FrameReader) -> [Aborted]? {
    guard let count = reader.count() else { return nil }
    var found: [Aborted] = []
    for _ in 0..<count {
      guard let producer = reader.integer(Int64.self), let offset = reader.integer(Int64.self)
      else { return nil }
      found.append(Aborted(producer: producer, firstOffset: offset))
    }
    return found
  }

  /// Those whose mark of abortion is among the records: `noida-db` answers with all records up to the
  /// last stable offset, so that a transaction without it there has ended before. Marks belong to a
  /// producer's last transactions.
  private static func reaching(_ listed: [Aborted], into records: ArraySlice<UInt8>) -> [Aborted] {
    guard !listed.isEmpty else { return [] }
    var marks: [Int64: Int] = [:]
    RecordBatches.forEachAbort(in: records) { marks[$0, default: 0] += 1 }
    var kept: [Aborted] = []
    for transaction in listed.sorted(by: { $0.firstOffset > $1.firstOffset })
    where marks[transaction.producer, default: 0] > 0 {
      marks[transaction.producer]! -= 1
      kept.append(transaction)
    }
    return kept.reversed()
  }
}

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
}

/// Reads big-endian integers from bytes; nil and false beyond their end.
struct FrameReader {
  private let bytes: ArraySlice<UInt8>
  var position: Int

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    position = bytes.startIndex
  }

  func has(_ count: Int) -> Bool { count >= 0 && count <= bytes.endIndex - position }

  mutating func skip(_ count: Int) -> Bool {
    guard has(count) else { return false }
    position += count
    return true
  }

  mutating func integer<Value: FixedWidthInteger>(_ type: Value.Type) -> Value? {
    let size = Value.bitWidth / 8
    guard has(size) else { return nil }
    defer { position += size }
    return bytes[position..<(position + size)].reduce(0) { $0 << 8 | Value($1) }
  }

  /// The length of an array or of bytes; 0 for null.
  mutating func count() -> Int? { integer(Int32.self).map { Swift.max(0, Int($0)) } }

  mutating func unsignedVarint() -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      guard let byte = integer(UInt8.self) else { return nil }
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
    }
    return nil
  }

  mutating func varint() -> Int64? {
    unsignedVarint().map { Int64(bitPattern: $0 >> 1) ^ -Int64(bitPattern: $0 & 1) }
  }
}

extension [UInt8] {
  mutating func append(bigEndian value: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
  }
}
