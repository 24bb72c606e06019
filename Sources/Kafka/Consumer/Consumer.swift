// Safety: `@unchecked Sendable` because one thread at a time uses a consumer and only `wake` is
// called from others; it touches nothing but the wake descriptor, which never changes. Owns the
// reference to the group's queue until `close`.

internal import CRdkafka
import Logging

/// Reads partitions, each from a queue of its own.
///
/// Every partition assigned to the consumer, by its group or by hand, gets a ``PartitionQueue``, so
/// that one can be read, paused or left full without touching the others.
///
/// ```swift
/// let consumer = try Consumer(configuration, logger: logger)
/// try consumer.subscribe(["clicks"]) { event in tasks.change(event) }
/// while running {
///   try consumer.poll()          // rebalances happen in here
///   for task in tasks { _ = try consumer.queue(for: task.partition)?.read(into: task.batch) }
///   consumer.wait(timeoutMilliseconds: 100)
/// }
/// consumer.close()
/// ```
///
/// One thread uses a consumer, its queues and their batches; only ``wake()`` may come from another.
/// It must call ``poll(timeoutMilliseconds:)`` or read more often than `max.poll.interval.ms`.
///
/// Unless the configuration says otherwise it does not commit by itself
/// (`enable.auto.commit=false`).
public final class Consumer: @unchecked Sendable {
  /// A change of the group's assignment. Runs on the thread that polls, inside the poll.
  public enum RebalanceEvent: Sendable, Equatable {
    /// These partitions are now read, from the committed offsets; their queues exist. With a
    /// cooperative assignor these are the added ones only. May be empty.
    case assigned([TopicPartition])
    /// These are about to go to another member: the last moment to commit for them.
    case revoked([TopicPartition])
    /// These went to another member already: nothing may be committed for them.
    case lost([TopicPartition])
  }

  let client: ClientHandle
  let wakeDescriptor: WakeDescriptor
  var queues: [TopicPartition: PartitionQueue] = [:]
  var onRebalance: ((RebalanceEvent) -> Void)?
  /// Whether assigned partitions wait for a seek and a resume.
  var startsPaused = false
  var isClosing = false
  private var groupQueue: OpaquePointer?
  private let group: String?

  /// Makes a consumer; it connects in the background.
  ///
  /// - Parameters:
  ///   - configuration: librdkafka's properties. `group.id` is needed to subscribe.
  ///   - logger: takes librdkafka's lines and the errors that need no action.
  ///   - onStatistics: called inside `poll` with JSON every `statistics.interval.ms`.
  /// - Throws: a ``KafkaError`` naming the property that is wrong.
  public init(
    _ configuration: ClientConfiguration, logger: Logger,
    onStatistics: ((String) -> Void)? = nil
  ) throws(KafkaError) {
    // A consumer without a group still needs a name for one; it never joins nor commits.
    let defaults: ClientConfiguration = [
      "group.id": "unused", "enable.auto.commit": "false", "enable.auto.offset.store": "false",
    ]
    var defaultsOfAutomaticCommit = defaults
    if configuration["enable.auto.commit"] == "true" {
      defaultsOfAutomaticCommit["enable.auto.offset.store"] = "true"
    }
    wakeDescriptor = WakeDescriptor()
    group = configuration["group.id"]
    client = try ClientHandle(
      .consumer, defaultsOfAutomaticCommit.merging(configuration),
      context: ClientContext(logger: logger, onStatistics: onStatistics),
      keepingAlive: wakeDescriptor)
    rd_kafka_poll_set_consumer(client.pointer)
    groupQueue = rd_kafka_queue_get_consumer(client.pointer)
    if let groupQueue { enableEvents(of: groupQueue, wakeDescriptor) }
    client.context.onRebalance = { [unowned self] code, list in
      rebalance(code, list)
    }
  }

  deinit {
    client.context.onRebalance = nil
    closeQueues()
    destroyGroupQueue()
  }

  /// Joins the group of `group.id` and asks for partitions of `topics`.
  ///
  /// - Parameters:
  ///   - startsPaused: whether assigned partitions are paused before anything of them is fetched. Seek to an offset,
  ///   then resume. Otherwise they begin at the group's committed offsets.
  ///   - onRebalance: told of every change, on the thread that polls, inside the poll. It may
  ///   commit a transaction when partitions are revoked, and call this consumer; not `poll` or `close`.
  public func subscribe(
    _ topics: [String], startsPaused: Bool = false,
    onRebalance: @escaping (RebalanceEvent) -> Void
  ) throws(KafkaError) {
    try requireOpen("subscribe")
    guard group != nil else {
      throw .invalidArgument("group.id is not set", operation: "subscribe")
    }
    self.onRebalance = onRebalance
    self.startsPaused = startsPaused
    let list = TopicPartitionList(topics.map { TopicPartition(topic: $0, partition: -1) })
    try client.check(
      rd_kafka_subscribe(client.pointer, list.pointer),
      operation: "subscribe to \(topics.joined(separator: ", "))")
  }

  /// Reads exactly `partitions`, each from its offset (see ``LogicalOffset``), outside any group.
  ///
  /// Replaces what was assigned before: earlier queues end, ask for the new ones.
  public func assign(_ partitions: [(TopicPartition, offset: Int64)]) throws(KafkaError) {
    try requireOpen("assign")
    let list = TopicPartitionList(capacity: partitions.count)
    for (partition, offset) in partitions { list.add(partition, offset: offset) }
    closeQueues()
    openQueues(partitions.map { $0.0 })
    do throws(KafkaError) {
      try client.check(
        rd_kafka_assign(client.pointer, list.pointer),
        operation: "assign \(partitions.count) partitions")
    } catch {
      closeQueues()
      throw error
    }
  }

  /// Stops reading all partitions assigned by hand; their queues end.
  public func unassign() {
    closeQueues()
    rd_kafka_assign(client.pointer, nil)
  }

  /// The queue of an assigned partition; `nil` when it is not assigned. O(1).
  public func queue(for partition: TopicPartition) -> PartitionQueue? {
    queues[partition]
  }

  /// The partitions assigned now, in order.
  public var assignment: [TopicPartition] { queues.keys.sorted() }

  /// Serves rebalances, errors and statistics; brings no records.
  ///
  /// - Parameter timeoutMilliseconds: how long to wait for something to serve. Returns at once after
  ///   a rebalance.
  /// - Throws: what made the consumer unusable (on every call from then on), and errors of carrying
  ///   out a rebalance. Anything else is logged, one line per kind of error in 10 s.
  public func poll(timeoutMilliseconds: Int32 = 0) throws(KafkaError) {
    try requireOpen("poll")
    var timeout = timeoutMilliseconds
    while let message = rd_kafka_consumer_poll(client.pointer, timeout) {
      timeout = 0
      try take(message)
    }
    if let error = client.context.takeError() { throw error }
    if let error = client.fatalError(operation: "poll") { throw error }
  }

  /// Something came through the group's queue: an error, since every partition has its own queue.
  private func take(_ message: RecordBatch.Message) throws(KafkaError) {
    defer { rd_kafka_message_destroy(message) }
    let code = message.pointee.err
    guard code != RD_KAFKA_RESP_ERR_NO_ERROR else {
      throw .wrongState(
        "a record came outside its partition's queue, at offset \(message.pointee.offset)",
        operation: "poll")
    }
    let reason = rd_kafka_message_errstr(message).map { String(cString: $0) }
    var error = client.error(code, operation: "consume", message: reason)
    if error.isFatal { throw error }
    if code == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED {
      // Nobody asks for anything of the group that stands for none.
      guard let group else { return }
      error = client.error(code, operation: "use group \(group)")
      error.subject = group
      throw error
    }
    client.context.report(error)
  }

  /// Blocks until a queue has something to read, a rebalance or an error waits for `poll`, somebody
  /// calls ``wake()``, or the time is over.
  ///
  /// Returns at once while a queue that is not paused still holds records: pause those that must wait.
  public func wait(timeoutMilliseconds: Int32) {
    if let groupQueue, rd_kafka_queue_length(groupQueue) > 0 { return }
    if queues.values.contains(where: \.hasWork) { return }
    wakeDescriptor.wait(timeoutMilliseconds: timeoutMilliseconds)
  }

  /// Ends the wait under way, or else the next one. Any thread.
  /// Blocks until something arrives in an empty queue, or as `wait`. Records that are already there do not
  /// end it: for a caller that cannot take those before others have come.
  public func waitForArrival(timeoutMilliseconds: Int32) {
    wakeDescriptor.wait(timeoutMilliseconds: timeoutMilliseconds)
  }

  public func wake() {
    wakeDescriptor.wake()
  }

  /// Who this consumer is in its group now; for ``TransactionalProducer/sendOffsets(_:group:timeoutMilliseconds:)``.
  public func groupMetadata() -> ConsumerGroupMetadata {
    guard let pointer = rd_kafka_consumer_group_metadata(client.pointer) else {
      return ConsumerGroupMetadata(group: group ?? "unused")
    }
    return ConsumerGroupMetadata(taking: pointer)
  }

  /// Gives up the partitions (the rebalance handler is told) and leaves the group. Idempotent.
  ///
  /// A static member (`group.instance.id`) does not leave: its partitions wait `session.timeout.ms`
  /// for it to come back.
  ///
  /// - Parameter timeoutMilliseconds: after that long it gives up waiting for the group's coordinator,
  ///   which then notices by itself.
  public func close(timeoutMilliseconds: Int32 = 10_000) {
    guard !isClosing, let groupQueue else { return }
    isClosing = true
    let deadline = Deadline(afterMilliseconds: timeoutMilliseconds)
    if let error = rd_kafka_consumer_close_queue(client.pointer, groupQueue) {
      client.context.logger.debug("\(KafkaError(taking: error, operation: "close consumer"))")
    } else {
      while rd_kafka_consumer_closed(client.pointer) == 0, !deadline.hasPassed {
        let step = min(deadline.remainingMilliseconds, 100)
        if let message = rd_kafka_consumer_poll(client.pointer, step) {
          rd_kafka_message_destroy(message)
        }
      }
    }
    client.context.onRebalance = nil
    onRebalance = nil
    closeQueues()
    destroyGroupQueue()
  }

  func requireOpen(_ operation: String) throws(KafkaError) {
    if isClosing { throw .wrongState("the consumer is closed", operation: operation) }
  }

  private func destroyGroupQueue() {
    guard let groupQueue else { return }
    rd_kafka_queue_io_event_enable(groupQueue, -1, nil, 0)
    rd_kafka_queue_destroy(groupQueue)
    self.groupQueue = nil
  }
}
