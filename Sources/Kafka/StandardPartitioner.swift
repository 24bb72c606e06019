/// The partitioner of Kafka's own clients: which partition a key lives in, in any language.
///
/// It is `murmur2(key) & 0x7fffffff mod count`, as in the Java client's default partitioner, and as
/// librdkafka does with `partitioner=murmur2_random`. Murmur2 is Austin Appleby's 32-bit hash
/// (https://github.com/aappleby/smhasher) with Kafka's seed.
public enum StandardPartitioner {
  /// The partition of `key` among `count` partitions.
  ///
  /// O(key length), no allocation.
  /// - Precondition: `count > 0`.
  public static func partition(key: UnsafeRawBufferPointer, count: Int32) -> Int32 {
    precondition(count > 0, "a topic has at least one partition")
    return Int32(murmur2(key) & 0x7fff_ffff) % count
  }

  /// Kafka's murmur2 of `bytes`, as 32 unsigned bits.
  public static func murmur2(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    let multiplier: UInt32 = 0x5bd1_e995
    let seed: UInt32 = 0x9747_b28c
    var hash = seed ^ UInt32(truncatingIfNeeded: bytes.count)

    var index = 0
    while index + 4 <= bytes.count {
      var word = UInt32(
        littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt32.self))
      word = word &* multiplier
      word ^= word >> 24
      word = word &* multiplier
      hash = hash &* multiplier
      hash ^= word
      index += 4
    }

    // The last one to three bytes, least significant first.
    if index < bytes.count {
      var shift: UInt32 = 0
      while index < bytes.count {
        hash ^= UInt32(bytes[index]) << shift
        shift += 8
        index += 1
      }
      hash = hash &* multiplier
    }

    hash ^= hash >> 13
    hash = hash &* multiplier
    hash ^= hash >> 15
    return hash
  }
}
