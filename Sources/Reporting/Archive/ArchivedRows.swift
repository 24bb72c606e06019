// Safety: `decode` reads through `ByteReader`, which compares with the end of what it was given.

import Attribution
import Codec

/// Rows as an archive holds them: those of a window, or sums of all windows of an hour or a day.
///
/// As bytes about 22 per row with one model: members in ascending order as steps, all numbers as varints, behind them
/// what was corrected, and a checksum over it all and over the place that it is meant for.
package struct ArchivedRows: Sendable {
  var rows = WindowRows()
  /// How many rollups each row sums; empty where it is one.
  var counts: [Int] = []
  /// What corrected rows said when they were final for the first time, by member.
  var corrections: [UInt32: RollupSums] = [:]

  init() {}

  init(_ rows: WindowRows, corrections: [UInt32: RollupSums]) {
    self.rows = rows
    self.corrections = corrections
  }

  // MARK: Bytes

  private static let hasCounts: UInt64 = 1
  private static let hasWideValues: UInt64 = 2

  /// The bytes, for one place only.
  func encoded(for id: ArchivedRowsID, width: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(rows.count * (width * 2 + 4) + 16)
    let isWide = !rows.wideValues.isEmpty
    bytes.append(
      varint: (counts.isEmpty ? 0 : Self.hasCounts) | (isWide ? Self.hasWideValues : 0))
    bytes.append(varint: UInt64(rows.count))
    var last: UInt32 = 0
    var wide: [UInt8] = []
    for (position, row) in rows.rowsByMember.enumerated() {
      bytes.append(varint: UInt64(rows.members[row] - last) << 1 | (rows.isFinal[row] ? 1 : 0))
      last = rows.members[row]
      bytes.append(signed: rows.revisions[row])
      if !counts.isEmpty { bytes.append(varint: UInt64(counts[row])) }
      for column in 0..<width {
        bytes.append(signed: rows.values[row * width + column])
        if isWide, let sum = rows.wideValues[row * width + column] {
          wide.append(varint: UInt64(position * width + column))
          wide.append(integer: sum)
        }
      }
    }
    if isWide {
      bytes.append(varint: UInt64(rows.wideValues.count))
      bytes += wide
    }
    bytes.append(varint: UInt64(corrections.count))
    for (member, before) in corrections.sorted(by: { $0.key < $1.key }) {
      bytes.append(varint: UInt64(member))
      for sum in before.columns { bytes.append(integer: sum) }
    }
    bytes.append(integer: Self.checksum(bytes.withUnsafeBytes { Self.hash($0, id) }))
    return bytes
  }

  /// Takes the place of what is here. Throws `ArchiveFailure.unreadable` for bytes that were not made for this place.
  mutating func decode(
    _ bytes: UnsafeRawBufferPointer, of id: ArchivedRowsID, width: Int
  ) throws(ArchiveFailure) {
    let damage = ArchiveFailure.unreadable("rows are damaged: \(id.number)")
    guard bytes.count > 4 else { throw damage }
    let body = UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.count - 4)])
    let sum = bytes.loadUnaligned(fromByteOffset: bytes.count - 4, as: UInt32.self)
    guard UInt32(littleEndian: sum) == Self.checksum(Self.hash(body, id)) else { throw damage }
    var reader = ByteReader(body)
    let form = reader.varint()
    // Each row takes more bytes than one.
    guard let count = Int(exactly: reader.varint()), count <= body.count else { throw damage }
    counts.removeAll(keepingCapacity: true)
    corrections.removeAll(keepingCapacity: true)
    rows.refill(count: count, width: width)
    var member: UInt64 = 0
    for _ in 0..<count {
      let step = reader.varint()
      member &+= step >> 1
      rows.append(
        member: UInt32(truncatingIfNeeded: member), revision: reader.signed(),
        isFinal: step & 1 == 1)
      if form & Self.hasCounts != 0 { counts.append(Int(truncatingIfNeeded: reader.varint())) }
      for _ in 0..<width { rows.append(value: reader.signed()) }
    }
    if form & Self.hasWideValues != 0 {
      var left = reader.varint()
      while left > 0, !reader.isCut {
        let place = Int(truncatingIfNeeded: reader.varint())
        rows.set(wide: reader.integer(), at: place)
        left -= 1
      }
    }
    let modelCount = SumsLayout(width: width)?.modelCount ?? 0
    var left = reader.varint()
    while left > 0, !reader.isCut {
      let member = UInt32(truncatingIfNeeded: reader.varint())
      corrections[member] = RollupSums(
        columns: (0..<width).map { _ in reader.integer(MicrosSum.self) }, modelCount: modelCount)
      left -= 1
    }
    guard !reader.isCut, reader.isAtEnd else { throw damage }
  }

  private static func checksum(_ hash: UInt64) -> UInt32 {
    UInt32(truncatingIfNeeded: hash ^ hash >> 32)
  }

  /// Multiplies and folds eight bytes at a time. Finds what a disk or a torn write does, not what somebody intends.
  private static func hash(_ bytes: UnsafeRawBufferPointer, _ id: ArchivedRowsID) -> UInt64 {
    var hash = UInt64(bitPattern: id.number) ^ 0x9e37_79b9_7f4a_7c15
    func mix(_ word: UInt64) {
      let product = (hash ^ word).multipliedFullWidth(by: 0xbf58_476d_1ce4_e5b9)
      hash = product.high ^ product.low &+ 0x94d0_49bb_1331_11eb
    }
    var place = 0
    while place + 8 <= bytes.count {
      mix(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self)))
      place += 8
    }
    var rest = UInt64(bytes.count) << 56
    for (index, byte) in bytes[place...].enumerated() {
      rest |= UInt64(byte) << (8 * UInt64(index))
    }
    mix(rest)
    return hash
  }
}
