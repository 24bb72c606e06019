// Safety: a block lends its payload from the bytes that it was read from.

import Attribution
import Codec

/// A piece of a copy's file: a record of the changelog, or what a commit says of all of them, behind a checksum.
///
///     kind 4 · bytes of the payload 4 · bucket 8 · serial 8 · checksum 8 · payload
///
/// The checksum begins with a seed that names the task, its topic and the format: blocks of anything else count as damaged.
struct CopyBlock {
  enum Kind: UInt32 {
    /// Little-endian "TRec" and "TCom".
    case record = 0x6365_5254
    case commit = 0x6D6F_4354
  }

  static let headerBytes = 32

  var kind: Kind
  /// Of a record.
  var bucket: StateBucket
  /// Of a record: its own; of a commit: that of the next record.
  var serial: UInt64
  var checksum: UInt64
  var payload: UnsafeRawBufferPointer

  var byteCount: Int { CopyBlock.headerBytes + payload.count }

  /// Reads the block at the front of some bytes; nil where it is cut off or damaged.
  init?(_ bytes: Slice<UnsafeRawBufferPointer>, seed: UInt64) {
    guard bytes.count >= CopyBlock.headerBytes else { return nil }
    let bytes = UnsafeRawBufferPointer(rebasing: bytes)
    var reader = ByteReader(bytes)
    guard let kind = Kind(rawValue: reader.integer()) else { return nil }
    self.kind = kind
    let count: UInt32 = reader.integer()
    bucket = StateBucket(number: reader.integer())
    serial = reader.integer()
    checksum = reader.integer()
    guard bytes.count - CopyBlock.headerBytes >= Int(count) else { return nil }
    payload = UnsafeRawBufferPointer(
      rebasing: bytes[CopyBlock.headerBytes..<CopyBlock.headerBytes + Int(count)])
    let header = UnsafeRawBufferPointer(rebasing: bytes[..<CopyBlock.checksumOffset])
    guard CopyBlock.checksum(header, payload, seed: seed) == checksum else { return nil }
  }

  /// Appends a block.
  ///
  /// - Returns: its checksum.
  @discardableResult
  static func append(
    _ kind: Kind, bucket: StateBucket, serial: UInt64, _ payload: UnsafeRawBufferPointer,
    seed: UInt64, to bytes: inout [UInt8]
  ) -> UInt64 {
    let start = bytes.count
    bytes.append(integer: kind.rawValue)
    bytes.append(integer: UInt32(payload.count))
    bytes.append(integer: bucket.number)
    bytes.append(integer: serial)
    let checksum = bytes.withUnsafeBytes {
      CopyBlock.checksum(UnsafeRawBufferPointer(rebasing: $0[start...]), payload, seed: seed)
    }
    bytes.append(integer: checksum)
    bytes.append(contentsOf: payload)
    return checksum
  }

  private static let checksumOffset = 24

  private static func checksum(
    _ header: UnsafeRawBufferPointer, _ payload: UnsafeRawBufferPointer, seed: UInt64
  ) -> UInt64 {
    XXHash64.hash(payload, seed: XXHash64.hash(header, seed: seed))
  }
}

/// How many records there are, and which: the sum of their checksums.
struct CopyContents: Equatable {
  var count: UInt64 = 0
  var digest: UInt64 = 0

  mutating func add(_ checksum: UInt64) {
    count += 1
    digest &+= checksum
  }

  mutating func add(_ other: CopyContents) {
    count += other.count
    digest &+= other.digest
  }
}

/// What a commit leaves in a copy: how the task stood, and what the copy must hold.
struct CopyCommit {
  /// The task's progress record, as the same commit wrote it to the topic.
  var progress: [UInt8]
  /// That of the next record.
  var serial: UInt64
  /// The buckets of which the copy holds everything.
  var live: LiveBuckets
  /// The records of those buckets.
  var contents: CopyContents
  /// An offset of the state partition: what was written with this commit's progress record or after it lies there or behind it.
  var position: Int64
  /// When it was written, by the wall clock.
  var time: Milliseconds

  var payload: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(integer: live.first)
    bytes.append(integer: live.firstOfImpressions)
    bytes.append(integer: contents.count)
    bytes.append(integer: contents.digest)
    bytes.append(integer: position)
    bytes.append(integer: time)
    bytes.append(contentsOf: progress)
    return bytes
  }

  init(
    progress: [UInt8], serial: UInt64, live: LiveBuckets, contents: CopyContents, position: Int64,
    time: Milliseconds
  ) {
    self.progress = progress
    self.serial = serial
    self.live = live
    self.contents = contents
    self.position = position
    self.time = time
  }

  init?(_ block: CopyBlock) {
    guard block.kind == .commit else { return nil }
    var reader = ByteReader(block.payload)
    serial = block.serial
    live = LiveBuckets(first: reader.integer(), firstOfImpressions: reader.integer())
    contents = CopyContents(count: reader.integer(), digest: reader.integer())
    position = reader.integer()
    time = reader.integer()
    guard !reader.isCut else { return nil }
    progress = Array(block.payload.dropFirst(CopyCommit.fixedBytes))
  }

  private static let fixedBytes = 48
}
