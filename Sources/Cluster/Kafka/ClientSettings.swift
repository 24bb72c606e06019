import Configuration
import Kafka

/// librdkafka properties: our defaults, then the configuration's `kafka`, then what exactness needs.
public enum ClientSettings {
  /// How long a broker waits for a record where there is none, in milliseconds.
  ///
  /// librdkafka has one fetch of a broker under way: while that waits for an input where nothing comes, the
  /// others are not read, and what is ahead of the reader has to last.
  public static let fetchWait = "20"

  /// What every client needs to reach the cluster, and to go on soon when one of its brokers has gone.
  ///
  /// A cluster takes about nine seconds to give a dead broker's partitions to others. librdkafka hears of it when
  /// it fails to connect again, which by default it tries every ten seconds in the end, or when it asks, which
  /// it does every five minutes.
  public static func common(_ configuration: Configuration) -> ClientConfiguration {
    var settings: ClientConfiguration = [
      "client.id": configuration.applicationID,
      "reconnect.backoff.ms": "100", "reconnect.backoff.max.ms": "1000",
      "topic.metadata.refresh.interval.ms": "10000",
      "socket.connection.setup.timeout.ms": "5000",
    ]
    for (name, value) in configuration.kafka where applies(name, to: .any) {
      settings[name] = value
    }
    settings["bootstrap.servers"] = configuration.bootstrapServers
    return settings
  }

  /// For a reader of committed records.
  public static func consumer(
    _ configuration: Configuration, prefetch: Prefetch = Prefetch(partitions: 8)
  ) -> ClientConfiguration {
    var settings: ClientConfiguration = [
      "queued.min.messages": "\(prefetch.records)",
      "queued.max.messages.kbytes": "\(prefetch.kilobytes)",
      "fetch.wait.max.ms": fetchWait, "fetch.error.backoff.ms": "100",
      "fetch.message.max.bytes": "\(1 << 20)", "receive.message.max.bytes": "1000000000",
      // Members learn of a rebalance with their next heartbeat, and the others wait for them.
      "heartbeat.interval.ms": "1000", "session.timeout.ms": "30000",
      "max.poll.interval.ms": "300000",
    ]
    if Librdkafka.hasFetchBackoff { settings["fetch.queue.backoff.ms"] = "10" }
    settings.merge(common(configuration))
    for (name, value) in configuration.kafka where applies(name, to: .consumer) {
      settings[name] = value
    }
    // Equal partition numbers of all inputs must come to one member: only `range` does that.
    settings["partition.assignment.strategy"] = "range"
    settings["isolation.level"] = "read_committed"
    settings["enable.auto.commit"] = "false"
    settings["enable.partition.eof"] = "true"
    settings["auto.offset.reset"] = "earliest"
    return settings
  }

  /// For a member of a group. What it is to read next and is gone is an error: nobody goes on elsewhere without a
  /// word.
  static func member(
    _ configuration: Configuration, prefetch: Prefetch
  ) -> ClientConfiguration {
    var settings = consumer(configuration, prefetch: prefetch)
    settings["auto.offset.reset"] = "error"
    return settings
  }

  /// For asking where logs really end, open transactions included.
  public static func probe(_ configuration: Configuration) -> ClientConfiguration {
    var settings = consumer(configuration)
    settings["isolation.level"] = "read_uncommitted"
    return settings
  }

  /// For a producer. Keys are spread as Java's default partitioner does, so that any language can
  /// find a key's partition.
  public static func producer(_ configuration: Configuration) -> ClientConfiguration {
    var settings: ClientConfiguration = [
      "compression.type": "lz4", "linger.ms": "5", "batch.size": "262144",
      "queue.buffering.max.messages": "1000000", "queue.buffering.max.kbytes": "65536",
      "transaction.timeout.ms": "15000", "message.timeout.ms": "14500",
      "message.max.bytes": "\(Configuration.largestRecord)",
    ]
    settings.merge(common(configuration))
    for (name, value) in configuration.kafka where applies(name, to: .producer) {
      settings[name] = value
    }
    settings["partitioner"] = "murmur2_random"
    settings["enable.idempotence"] = "true"
    return settings
  }

  /// For a producer of transactions.
  ///
  /// What is written waits until a batch is full: a commit sends the rest without waiting. librdkafka has
  /// one request of a partition under way at a time, and its thread spins while records wait behind
  /// one for longer than they should.
  ///
  /// A batch is never larger than the smallest topic takes, compressed or not.
  static func transactions(
    _ configuration: Configuration, _ plan: TopicPlan, id: String
  ) -> ClientConfiguration {
    var settings = producer(configuration)
    settings["linger.ms"] =
      configuration.kafka["linger.ms"] ?? configuration.kafka["queue.buffering.max.ms"] ?? "1000"
    let room = plan.smallestRecordLimit(of: configuration.writtenTopics) - RecordSize.margin
    let wanted = configuration.kafka["batch.size"].flatMap { Int($0) } ?? 1_000_000
    settings["batch.size"] = "\(max(1, min(wanted, room)))"
    settings["transactional.id"] = id
    return settings
  }

  /// What a topic is written with where it differs from the others.
  ///
  /// State is ids and hashes, of which compression leaves 86%; it would take longer than all else that is
  /// done for state. Who names a compression gets it everywhere, and so does who names the size of batches:
  /// larger ones may fit the broker's limit only when they are compressed.
  static func topic(_ name: String, _ configuration: Configuration) -> [String: String] {
    let isOurs = ["compression.type", "compression.codec", "batch.size"].allSatisfy {
      configuration.kafka[$0] == nil
    }
    return name == configuration.stateTopic && isOurs ? ["compression.codec": "none"] : [:]
  }

  private enum Side { case any, consumer, producer }

  /// Whether a property concerns one side only; librdkafka warns of those given to the other.
  private static func applies(_ name: String, to side: Side) -> Bool {
    let consumerPrefixes = [
      "fetch.", "queued.", "session.", "heartbeat.", "max.poll.", "group.", "auto.offset",
      "check.crcs", "isolation.", "partition.assignment", "enable.partition.eof",
    ]
    let producerPrefixes = [
      "compression.", "linger.", "batch.", "queue.buffering.", "transaction.", "message.timeout",
      "acks", "request.required", "delivery.", "retries", "retry.backoff", "max.in.flight",
      "partitioner", "message.send.max", "enable.idempotence", "sticky.",
    ]
    let isConsumers = consumerPrefixes.contains { name.hasPrefix($0) }
    let isProducers = producerPrefixes.contains { name.hasPrefix($0) }
    switch side {
    case .any: return !isConsumers && !isProducers
    case .consumer: return isConsumers
    case .producer: return isProducers
    }
  }
}

extension ClientConfiguration {
  fileprivate mutating func merge(_ other: ClientConfiguration) {
    for (name, value) in other.properties { self[name] = value }
  }
}
