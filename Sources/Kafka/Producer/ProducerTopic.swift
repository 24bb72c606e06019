// Safety: owns one topic handle from `init` to `deinit` and holds its client, which outlives it.

internal import CRdkafka

/// A topic as its producer knows it: look it up once, produce to it many times.
public final class ProducerTopic {
  /// The topic's name.
  public let name: String
  let pointer: OpaquePointer
  let client: ClientHandle

  /// - Parameter properties: librdkafka's topic properties that differ from the client's.
  init(
    _ name: String, _ properties: [String: String], client: ClientHandle
  ) throws(KafkaError) {
    let settings = rd_kafka_default_topic_conf_dup(client.pointer)
    for (property, value) in properties {
      guard rd_kafka_topic_conf_set(settings, property, value, nil, 0) == RD_KAFKA_CONF_OK else {
        rd_kafka_topic_conf_destroy(settings)
        throw .invalidArgument(
          "\(property) cannot be \(value)", operation: "use topic \(name)")
      }
    }
    // Takes the settings over, whether it succeeds or not.
    guard let pointer = rd_kafka_topic_new(client.pointer, name, settings) else {
      throw client.error(rd_kafka_last_error(), operation: "use topic \(name)")
    }
    self.name = name
    self.pointer = pointer
    self.client = client
  }

  deinit {
    rd_kafka_topic_destroy(pointer)
  }
}
