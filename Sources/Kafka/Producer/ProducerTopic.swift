// Safety: owns one topic handle from `init` to `deinit` and holds its client, which outlives it.

internal import CRdkafka

/// A topic as its producer knows it: look it up once, produce to it many times.
public final class ProducerTopic {
  /// The topic's name.
  public let name: String
  let pointer: OpaquePointer
  let client: ClientHandle

  init(_ name: String, client: ClientHandle) throws(KafkaError) {
    guard let pointer = rd_kafka_topic_new(client.pointer, name, nil) else {
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
