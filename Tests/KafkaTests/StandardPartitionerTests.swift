import Kafka
import Testing

@Suite("Standard partitioner")
struct StandardPartitionerTests {
  // The hashes of Kafka's own UtilsTest, as signed integers.
  @Test(
    "murmur2 agrees with the Java client",
    arguments: [
      ("21", -973_932_308), ("foobar", -790_332_482),
      ("a-little-bit-long-string", -985_981_536),
      ("a-little-bit-longer-string", -1_486_304_829),
      ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
      ("abc", 479_470_107),
    ] as [(String, Int32)])
  func agreesWithJava(text: String, hash: Int32) {
    let found = withBytes(text) { StandardPartitioner.murmur2($0) }
    #expect(Int32(bitPattern: found) == hash)
  }

  @Test("a partition is the hash without its sign, modulo the count")
  func partitionOfKey() {
    let partition = withBytes("foobar") { StandardPartitioner.partition(key: $0, count: 7) }
    #expect(partition == (-790_332_482 & 0x7fff_ffff) % 7)
  }
}
