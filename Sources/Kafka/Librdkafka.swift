internal import CRdkafka

/// The C library underneath.
public enum Librdkafka {
  /// The version that runs, as `2.8.0`.
  public static var version: String { String(cString: rd_kafka_version_str()) }
}
