import Testing

@testable import Attribution

/// Ids as touches keep them: UUIDs in 16 bytes, and nothing lost.
@Suite struct PackedIDTests {
  /// Packs and unpacks; returns the id and how many bytes it was kept in.
  private func roundTrip(_ text: String) -> (id: String, count: Int) {
    withPacked(text) { id in
      let bytes = [UInt8](unsafeUninitializedCapacity: PackedID.longest) { room, count in
        id.unpack(into: room.baseAddress!)
        count = id.unpackedCount
      }
      return (String(decoding: bytes, as: UTF8.self), id.count)
    }
  }

  private func withPacked<Result>(_ text: String, _ body: (PackedID) -> Result) -> Result {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: PackedID.packedCount) { scratch in
      Array(text.utf8).withUnsafeBytes {
        body(PackedID(BorrowedBytes($0), scratch: scratch.baseAddress!))
      }
    }
  }

  @Test func canonicalUUIDsTakeSixteenBytes() {
    for text in [
      "01234567-89ab-cdef-0123-456789abcdef", "00000000-0000-0000-0000-000000000000",
      "ffffffff-ffff-ffff-ffff-ffffffffffff",
    ] {
      let (id, count) = roundTrip(text)
      #expect(id == text && count == 16)
    }
  }

  @Test(arguments: [
    "k-1", "01234567-89AB-cdef-0123-456789abcdef", "0123456789abcdef0123456789abcdef",
    "01234567-89ab-cdef-0123-456789abcdeg", "01234567-89ab-cdef-01234-56789abcdef",
    "01234567-89ab-cdef-0123-456789abcde", String(repeating: "x", count: 128),
  ])
  func everythingElseIsKeptAsItCame(text: String) {
    let (id, count) = roundTrip(text)
    #expect(id == text && count == text.utf8.count)
  }

  @Test func packingKeepsTheOrderOfBytes() {
    let ids = [
      "0", "01234567-89ab-cdef-0123-456789abcdef", "01234567-89ab-cdef-0123-456789abcdf0",
      "01234567-89ab-cdef-0123-456789abcdf00", "01234567-89aB", "9", "a", "k-1", "k-10",
    ]
    .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    for (index, left) in ids.enumerated() {
      for (other, right) in ids.enumerated() {
        let isAfter = withPacked(left) { left in withPacked(right) { left.isAfter($0) } }
        #expect(isAfter == (index > other), "\(left) after \(right)")
      }
    }
  }
}
