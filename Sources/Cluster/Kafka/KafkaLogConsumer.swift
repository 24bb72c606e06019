import Kafka

final class KafkaLogConsumer: LogConsumer {
  let consumer: Consumer
  private var start: StaggeredStart
  private var reminder: FetchReminder
  private var failure: (any Error)?

  /// - Parameter packed: topics whose messages hold many records each.
  init(_ consumer: Consumer, start: StaggeredStart, packed: Set<String>) {
    self.consumer = consumer
    self.start = start
    reminder = FetchReminder {
      packed.contains($0.topic) ? FetchReminder.backlogOfPacks : FetchReminder.usualBacklog
    }
  }

  func subscribe(_ topics: [String], onRebalance: @escaping (Rebalance) -> Void) throws {
    // Nothing is read before `reader` says from where: what the group has committed is not all that decides.
    try consumer.subscribe(topics, startsPaused: true) { [unowned self] event in
      switch event {
      case .assigned(let partitions):
        do {
          try consumer.pause(partitions)
          start.reset()
          reminder.watch(partitions, of: consumer)
        } catch { failure = error }
        onRebalance(.assigned(partitions))
      case .revoked(let partitions): onRebalance(.revoked(partitions))
      case .lost(let partitions): onRebalance(.lost(partitions))
      }
    }
  }

  func poll() throws {
    try consumer.poll()
    // Once: whoever goes on after it has dealt with it.
    if let failure = failure.take() { throw failure }
    try start.proceed(consumer)
    reminder.remind(consumer)
  }

  func wait(milliseconds: Int32) { consumer.waitForArrival(timeoutMilliseconds: milliseconds) }
  var waker: @Sendable () -> Void { { [consumer] in consumer.wake() } }
  func close() { consumer.close(timeoutMilliseconds: CallTimeout.leave) }

  func reader(
    of partition: TopicPartition, from offset: Int64, end: Int64
  ) throws -> any LogReader {
    guard let queue = consumer.queue(for: partition) else {
      throw OperatorError("\(partition) is not assigned to this worker")
    }
    try consumer.pause([partition])
    try consumer.seek(partition, to: offset, timeoutMilliseconds: CallTimeout.seek)
    try start.add(partition, backlog: end - offset, of: consumer)
    return KafkaLogReader(consumer, queue)
  }

  func startOffsets(_ partitions: [TopicPartition]) throws -> [TopicPartition: Int64] {
    let committed = try consumer.committed(partitions, timeoutMilliseconds: CallTimeout.call)
    var starts: [TopicPartition: Int64] = [:]
    for partition in partitions {
      if let offset = committed[partition] ?? nil {
        starts[partition] = offset
      } else {
        starts[partition] = try consumer.watermarkOffsets(
          partition, timeoutMilliseconds: CallTimeout.call
        ).low
      }
    }
    return starts
  }
}
