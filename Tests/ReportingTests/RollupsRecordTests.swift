import Attribution
import Codec
import Reporting
import Testing

@Suite("Records of the rollups topic")
struct RollupsRecordTests {
  private let reader = RollupsRecordReader(definitions: definitions)

  @Test("A rollup is read with its sums under every model")
  func rollupRecord() throws {
    let written = rollup(["c-1"], minute: 3, clicks: 7, linearRevenue: 1_500_000, revision: 2)
    #expect(try reader.read(key: key(written.key), value: value(written)) == .rollup(written))
  }

  @Test("A tombstone names the rollup that is no more, whatever its names hold")
  func tombstone() throws {
    let gone = RollupKey(view: "both|ways", dimensions: ["c|1", ""], windowStart: minute)
    #expect(try reader.read(key: key(gone), value: nil) == .deletion(gone))
  }

  @Test("A progress record is not taken for a rollup")
  func progressRecord() throws {
    var key: [UInt8] = []
    var value: [UInt8] = []
    ProgressCodec.encodeKey(partition: 12, into: &key)
    ProgressCodec.encode(finalThrough: 5 * minute, into: &value)
    #expect(
      try reader.read(key: key, value: value) == .progress(partition: 12, finalThrough: 5 * minute))
  }

  @Test("A view that is not configured is passed over without being read")
  func foreignView() throws {
    #expect(try reader.read(key: Array("campaigns|a|b|c".utf8), value: []) == .other)
    #expect(try reader.read(key: nil, value: nil) == .other)
  }

  @Test("A value that is no rollup is an error, not a crash")
  func damagedValue() {
    #expect(throws: UnreadableRecord.self) {
      try reader.read(key: key(rollup(["c-1"], minute: 0).key), value: Array("{}".utf8))
    }
  }
}
