import Testing

@testable import ObjectStore

@Suite struct KeptBytesTests {
  @Test func noMoreIsKeptThanThereIsRoomFor() {
    let kept = KeptBytes(limit: 10)
    #expect(kept.take(6))
    #expect(!kept.take(5))
    #expect(kept.take(4))
    #expect(!kept.take(1))
    kept.giveBack(6)
    #expect(kept.take(6) && !kept.take(1))
  }
}
