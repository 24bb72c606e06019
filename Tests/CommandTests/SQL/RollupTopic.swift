// Safety: keys and values are lent to the producer for one call, which copies them.

import Attribution
import Codec
import Configuration
import Kafka

/// Writes rollups into a cluster's topic, as the processor would.
struct RollupTopic {
  let cluster: Cluster

  /// Publishes rollups of the first view: `windowCount` windows from the epoch's 2026-01-05, each with
  /// `memberCount` names, each `revisionCount` times, then the progress of every partition.
  ///
  /// Numbers are functions of the key and revision.
  func fill(windowCount: Int, memberCount: Int, revisionCount: Int = 1) throws {
    let configuration = cluster.configuration
    let definitions = configuration.definitions
    let view = definitions.views[0]
    let codec = RollupCodec(definitions: definitions)
    let producer = try makeProducer()
    defer { producer.close() }
    let topic = try producer.topic(configuration.topics.rollups)
    var key: [UInt8] = []
    var value: [UInt8] = []
    for revision in 1...revisionCount {
      for window in 0..<windowCount {
        for member in 0..<memberCount {
          let rollup = Self.rollup(view, window, member, Int64(revision), definitions.models.count)
          key.removeAll(keepingCapacity: true)
          value.removeAll(keepingCapacity: true)
          RollupKeyCodec.encode(rollup.key, into: &key)
          codec.encode(rollup, into: &value)
          try send(producer, topic, key, value, partition: Int32((window + member) % 4))
        }
      }
    }
    for partition in Int32(0)..<4 {
      var key: [UInt8] = []
      var value: [UInt8] = []
      ProgressCodec.encodeKey(partition: partition, into: &key)
      ProgressCodec.encode(
        finalThrough: Self.start + Int64(windowCount) * view.periodMilliseconds, into: &value)
      try send(producer, topic, key, value, partition: partition)
    }
    try producer.flush(timeoutMilliseconds: 120_000)
  }

  /// Deletes what `fill` has published of some windows.
  func delete(windows: Range<Int>, memberCount: Int) throws {
    let definitions = cluster.configuration.definitions
    let producer = try makeProducer()
    defer { producer.close() }
    let topic = try producer.topic(cluster.configuration.topics.rollups)
    for window in windows {
      for member in 0..<memberCount {
        var key: [UInt8] = []
        RollupKeyCodec.encode(
          Self.rollup(definitions.views[0], window, member, 1, definitions.models.count).key,
          into: &key)
        try send(producer, topic, key, nil, partition: Int32((window + member) % 4))
      }
    }
    try producer.flush(timeoutMilliseconds: 120_000)
  }

  private func makeProducer() throws -> Producer {
    try Producer(
      [
        "bootstrap.servers": cluster.broker.bootstrapServers, "linger.ms": "20",
        "queue.buffering.max.messages": "2000000", "queue.buffering.max.kbytes": "1000000",
      ], logger: quiet)
  }

  static let start = Time.parse("2026-01-05T00:00:00Z")!

  private static func rollup(
    _ view: View, _ window: Int, _ member: Int, _ revision: Int64, _ modelCount: Int
  ) -> Rollup {
    var sums = RollupSums(modelCount: modelCount)
    sums.impressions = Int64(window + member) + 100 * revision
    sums.clicks = Int64(member) + revision
    sums.users = Int64(member % 7)
    sums.sessions = Int64(member % 9)
    sums.spend = MicrosSum(window) * 1_234_567
    sums.credits = Array(repeating: 1_000_000 * revision, count: modelCount)
    sums.revenues = Array(repeating: MicrosSum(member) * 990_001, count: modelCount)
    let start = start + Int64(window) * view.periodMilliseconds
    return Rollup(
      key: RollupKey(view: view.name, dimensions: ["c-\(member)"], windowStart: start),
      windowEnd: start + view.periodMilliseconds, sums: sums, isFinal: true, revision: revision,
      watermark: start)
  }

  private func send(
    _ producer: Producer, _ topic: ProducerTopic, _ key: [UInt8], _ value: [UInt8]?,
    partition: Int32
  ) throws {
    try key.withUnsafeBytes { key in
      guard let value else {
        return try producer.produce(
          topic, partition: partition, key: key, value: nil, timestamp: nil)
      }
      try value.withUnsafeBytes { value in
        try producer.produce(topic, partition: partition, key: key, value: value, timestamp: nil)
      }
    }
  }
}
