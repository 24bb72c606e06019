import BrokerKit
import Kafka
import Testing

@Suite(
  "Fetch relay", .serialized, .enabled(if: LocalBroker.isAvailable), .timeLimit(.minutes(2)))
struct FetchRelayTests {
  private static let limit = 100_000

  /// librdkafka before 2.3 may take a second for every answer.
  private func consumer(_ scenario: Scenario) throws -> Consumer {
    try scenario.consumer([
      "fetch.message.max.bytes": "\(Self.limit)", "queued.min.messages": "100",
    ])
  }

  private func produce(
    _ numbers: Range<Int>, to topic: ProducerTopic, with producer: TransactionalProducer
  ) throws {
    // Digits that do not compress much.
    for number in numbers {
      let padding = (0..<40).map { _ in String(UInt64.random(in: 0 ... .max)) }.joined()
      try withBytes("\(number) \(padding)") {
        try producer.produce(topic, partition: 0, key: nil, value: $0)
      }
    }
  }

  private func numbers(_ values: [String]) -> [Int] {
    values.compactMap { $0.split(separator: " ").first.flatMap { Int($0) } }
  }

  @Test("a large partition comes bit by bit, whole and in order")
  func sizes() throws {
    let scenario = try Scenario(LocalBroker())
    let name = try scenario.topic()
    let producer = try scenario.transactionalProducer()
    try producer.begin()
    try produce(0..<1_200, to: producer.topic(name), with: producer)
    try producer.commit(timeoutMilliseconds: scenario.timeout)

    let partition = TopicPartition(topic: name, partition: 0)
    let consumer = try consumer(scenario)
    try consumer.assign([(partition, offset: LogicalOffset.beginning)])
    let queue = try #require(consumer.queue(for: partition))
    try eventually("something has come") {
      try consumer.poll()
      return queue.backlog > 0
    }
    // 800 bytes each.
    #expect(queue.backlog < 3 * Self.limit / 800)
    #expect(numbers(try scenario.readToEnd(consumer, partition)) == Array(0..<1_200))
  }

  @Test("an aborted transaction larger than an answer is not seen")
  func aborted() throws {
    let scenario = try Scenario(LocalBroker())
    let name = try scenario.topic()
    let producer = try scenario.transactionalProducer()
    let topic = try producer.topic(name)
    for (round, isKept) in [true, false, true, false, true].enumerated() {
      try producer.begin()
      try produce(300 * round..<300 * (round + 1), to: topic, with: producer)
      if isKept {
        try producer.commit(timeoutMilliseconds: scenario.timeout)
      } else {
        // Aborting drops what has not been sent yet.
        try eventually("everything is at the broker") {
          let all = try scenario.readAll(name, isolation: "read_uncommitted")
          return numbers(all).last == 300 * (round + 1) - 1
        }
        try producer.abort(timeoutMilliseconds: scenario.timeout)
      }
    }
    let partition = TopicPartition(topic: name, partition: 0)
    let consumer = try consumer(scenario)
    try consumer.assign([(partition, offset: LogicalOffset.beginning)])
    let kept = [0, 2, 4].flatMap { Array(300 * $0..<300 * ($0 + 1)) }
    #expect(numbers(try scenario.readToEnd(consumer, partition)) == kept)
  }

  @Test("a reader past an aborted transaction sees what the same id writes later")
  func afterAborted() throws {
    let scenario = try Scenario(LocalBroker())
    let name = try scenario.topic()
    let producer = try scenario.transactionalProducer()
    let topic = try producer.topic(name)
    try producer.begin()
    try produce(0..<1, to: topic, with: producer)
    try eventually("the record is at the broker") {
      try scenario.readAll(name, isolation: "read_uncommitted").count == 1
    }
    try producer.abort(timeoutMilliseconds: scenario.timeout)
    try producer.begin()
    try produce(1..<3, to: topic, with: producer)
    try producer.commit(timeoutMilliseconds: scenario.timeout)

    let partition = TopicPartition(topic: name, partition: 0)
    let consumer = try consumer(scenario)
    // The aborted record and its marker are 0 and 1.
    try consumer.assign([(partition, offset: 2)])
    #expect(numbers(try scenario.readToEnd(consumer, partition)) == [1, 2])
  }

  @Test("an empty partition is waited for as long as the client says, and what comes is passed on")
  func patience() throws {
    let scenario = try Scenario(LocalBroker())
    let name = try scenario.topic()
    let consumer = try scenario.consumer(["fetch.wait.max.ms": "600"])
    let partition = TopicPartition(topic: name, partition: 0)
    let began = ContinuousClock.now
    try consumer.assign([(partition, offset: LogicalOffset.beginning)])
    let queue = try #require(consumer.queue(for: partition))
    let batch = RecordBatch(capacity: 10)
    func read(until isOver: () -> Bool) throws {
      try eventually("something has come") {
        try consumer.poll()
        _ = try queue.read(into: batch)
        return isOver()
      }
    }
    try read { batch.endOffset != nil }
    #expect(began.duration(to: .now) >= .milliseconds(600))

    // The next fetch is under way by now.
    let producer = try scenario.transactionalProducer()
    try producer.begin()
    try produce(0..<1, to: producer.topic(name), with: producer)
    try producer.commit(timeoutMilliseconds: scenario.timeout)
    try read { batch.count == 1 }
  }
}
