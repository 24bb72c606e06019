import Attribution
import Codec
import Configuration
import Kafka
import Logging

/// What earlier runs have left must be this application's own, and all of it.
extension Preflight {
  /// Refuses to go on from what another application, other definitions or an incomplete clean-up have
  /// left: adding to it would corrupt the numbers. Writes nothing.
  public func checkHistory(_ plan: TopicPlan) throws {
    let tail = try LogTail(configuration, logger: logger)
    defer { tail.close() }
    try checkAttribution(plan, tail)
    try checkRollups(plan, tail)
  }

  private func checkAttribution(_ plan: TopicPlan, _ tail: LogTail) throws {
    let state = try tail.partitions(of: configuration.stateTopic)
    // A task writes its progress before its first event.
    var records: [ProgressRecord] = []
    _ = try tail.last(of: state) { record in
      guard let key = record.key, let value = record.value, Changelog.isProgress(key) else {
        return false
      }
      records.append(
        try ProgressRecord(
          value, under: configuration.definitions.fingerprint, topic: configuration.stateTopic))
      return true
    }
    let hasState = records.contains { $0.serial > 0 }
    let newest = records.map(\.last).max() ?? .unknown
    for record in records {
      try record.checkAdditions(of: configuration.definitions, newest: newest)
    }
    let group = "\(configuration.applicationID)-attribution"
    let hasProcessed = try hasCommitted(group, plan.inputPartitions, tail)
    if hasProcessed, try tail.isEmpty(state) {
      throw incomplete("\(configuration.stateTopic) is empty, but \(group) has processed events")
    }
    guard !hasProcessed else { return }
    if hasState {
      throw incomplete("\(configuration.stateTopic) holds state, but \(group) has no offsets")
    }
    let attributions = try tail.partitions(of: configuration.topics.attributions)
    if try tail.last(of: attributions, where: { $0.value != nil }) {
      throw incomplete(
        "\(configuration.topics.attributions) holds records, but \(group) has processed nothing")
    }
  }

  private func checkRollups(_ plan: TopicPlan, _ tail: LogTail) throws {
    let rollups = try tail.partitions(of: configuration.topics.rollups)
    let fingerprint = ProgressHeader.fingerprint(of: configuration)
    let isPublished = try tail.last(of: rollups) { record in
      guard let key = record.key, ProgressCodec.decodeKey(key) != nil,
        let value = record.headers().first(where: { $0.name == ProgressHeader.name })?.value
      else { return false }
      _ = try value.withUnsafeBytes {
        try ProgressHeader.decode($0, fingerprint: fingerprint, topic: configuration.topics.rollups)
      }
      return true
    }
    let group = "\(configuration.applicationID)-rollups"
    let deltas = (0..<plan.rollupPartitions).map {
      TopicPartition(topic: configuration.deltasTopic, partition: $0)
    }
    let hasProcessed = try hasCommitted(group, deltas, tail)
    if hasProcessed, try tail.isEmpty(rollups) {
      throw incomplete("\(configuration.topics.rollups) is empty, but \(group) has published")
    }
    if isPublished && !hasProcessed {
      throw incomplete("\(configuration.topics.rollups) holds rollups, but \(group) has no offsets")
    }
  }

  /// Whether a group has got anywhere. Does not wait for a transaction that is still open.
  private func hasCommitted(
    _ group: String, _ partitions: [TopicPartition], _ tail: LogTail
  ) throws -> Bool {
    var settings = ClientSettings.probe(configuration)
    settings["group.id"] = group
    let consumer = try Consumer(settings, logger: logger)
    defer { consumer.close(timeoutMilliseconds: 0) }
    let committed = try consumer.committed(partitions, timeoutMilliseconds: Timeout.call)
      .compactMapValues { $0 }
    let ends = try tail.ends(of: partitions)
    if let lost = partitions.first(where: { committed[$0] ?? 0 > ends[$0] ?? 0 }) {
      throw incomplete(
        "\(lost) ends at offset \(ends[lost] ?? 0), but \(group) has processed it to "
          + "\(committed[lost]!)")
    }
    return committed.values.contains { $0 > 0 }
  }

  private func incomplete(_ what: String) -> PipelineError {
    PipelineError(
      "\(what): it is another application's, or offsets, records or topics were deleted since; going on would "
        + "corrupt the numbers, `tributary reset` starts again from the beginning")
  }
}

/// Looks for the last record of a kind near the end of a topic, where the progress of every commit is.
private final class LogTail {
  private let consumer: Consumer
  private let batch = RecordBatch(capacity: 1_024)

  init(_ configuration: Configuration, logger: Logger) throws {
    consumer = try Consumer(ClientSettings.consumer(configuration), logger: logger)
  }

  func close() { consumer.close(timeoutMilliseconds: 0) }

  func partitions(of topic: String) throws -> [TopicPartition] {
    let count = try consumer.partitionCount(of: topic, timeoutMilliseconds: Timeout.call) ?? 0
    return (0..<Int32(count)).map { TopicPartition(topic: topic, partition: $0) }
  }

  /// Whether nothing was ever committed there.
  func isEmpty(_ partitions: [TopicPartition]) throws -> Bool {
    try ends(of: partitions).values.allSatisfy { $0 == 0 }
  }

  func ends(of partitions: [TopicPartition]) throws -> [TopicPartition: Int64] {
    try consumer.endOffsets(partitions, timeoutMilliseconds: Timeout.call)
  }

  /// Whether any partition has a record that `isWanted`. Reads each from ever further back until it
  /// has one.
  func last(
    of partitions: [TopicPartition], where isWanted: (Record) throws -> Bool
  ) throws -> Bool {
    let ends = try ends(of: partitions)
    var hasAny = false
    for (partition, end) in ends.sorted(by: { $0.key < $1.key }) where end > 0 {
      var length: Int64 = 256
      var isFound = false
      repeat {
        length *= 16
        isFound = try read(partition, from: max(0, end - length), through: end, isWanted)
      } while !isFound && length < end
      hasAny = hasAny || isFound
    }
    return hasAny
  }

  private func read(
    _ partition: TopicPartition, from start: Int64, through end: Int64,
    _ isWanted: (Record) throws -> Bool
  ) throws -> Bool {
    try consumer.assign([(partition, offset: start)])
    defer {
      batch.release()
      consumer.unassign()
    }
    let queue = consumer.queue(for: partition)!
    let deadline = ContinuousClock.now + .seconds(60)
    var isFound = false
    while ContinuousClock.now < deadline {
      try consumer.poll()
      _ = try queue.read(into: batch, timeoutMilliseconds: 20)
      for record in batch {
        if try isWanted(record) { isFound = true }
        if record.offset >= end - 1 { return isFound }
      }
      if let met = batch.endOffset, met >= end { return isFound }
    }
    throw LogStall(description: "reading \(partition) did not come to its end within 60 s")
  }
}
