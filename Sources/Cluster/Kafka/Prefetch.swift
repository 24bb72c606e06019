/// How much of each partition librdkafka may hold ahead of the reader.
///
/// Small enough that all partitions fit into memory, large enough that half of it lasts until more has
/// come: that is when ``FetchReminder`` has librdkafka look again.
public struct Prefetch: Sendable {
  /// Of payload, per partition.
  public let kilobytes: Int
  /// Per partition. librdkafka spends about 300 bytes on each, whatever its size.
  public let records: Int

  /// For reading partitions through one after the other, with nothing else to do meanwhile.
  static func ofScan(partitions: Int) -> Prefetch {
    Prefetch(
      kilobytes: max(8_192, 65_536 / max(1, partitions)),
      records: max(65_536, 1_000_000 / max(1, partitions)))
  }

  /// For looking at single records. As much as one answer brings: where more has come than may be ahead, librdkafka
  /// looks again a second later.
  static let ofProbe = Prefetch(kilobytes: 8_192, records: 65_536)

  private init(kilobytes: Int, records: Int) {
    self.kilobytes = kilobytes
    self.records = records
  }

  /// Shares what one process may hold (32 MB of payload, 192 Ki records) among `partitions`.
  public init(partitions: Int) {
    kilobytes = max(1_024, min(16_384, 32_768 / max(1, partitions)))
    records = max(8_192, 196_608 / max(1, partitions))
  }
}
