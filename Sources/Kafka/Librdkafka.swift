internal import CRdkafka

/// The C library underneath.
public enum Librdkafka {
  /// The version that runs, as `2.8.0`.
  public static var version: String { String(cString: rd_kafka_version_str()) }

  /// Whether `fetch.queue.backoff.ms` says how soon full queues are looked at again. Before, it was
  /// a second.
  public static var hasFetchBackoff: Bool { rd_kafka_version() >= 0x0203_0000 }
}
