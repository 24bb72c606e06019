import Kafka
import Testing

@Suite("Errors")
struct KafkaErrorTests {
  func error(
    _ name: String = "X", fatal: Bool = false, retriable: Bool = false, abort: Bool = false
  ) -> KafkaError {
    KafkaError(
      code: 1, name: name, message: "why", operation: "commit transaction", isFatal: fatal,
      isRetriable: retriable, requiresAbort: abort)
  }

  @Test("fatal comes before everything, a timeout before abort and retry")
  func dispositions() {
    #expect(error("_TIMED_OUT", fatal: true).recovery == .rebuildClient)
    #expect(error("_TIMED_OUT", retriable: true).recovery == .renewProducer)
    #expect(error("_TIMED_OUT", abort: true).recovery == .renewProducer)
    #expect(error(retriable: true, abort: true).recovery == .abortTransaction)
    #expect(error(retriable: true).recovery == .retry)
    #expect(error().recovery == .unspecified)
  }

  @Test("a description is one line: what failed, why, and the code's name")
  func description() {
    #expect(error().description == "commit transaction: why (X)")
  }
}

@Suite("Configuration")
struct ConfigurationTests {
  @Test("an unknown property is named")
  func unknownProperty() throws {
    let error = try kafkaError {
      _ = try Producer(["bootstrap.servers": "x:1", "linger.mss": "5"], logger: quiet)
    }
    #expect(error.message.contains("linger.mss"))
  }

  @Test("an impossible value names its property")
  func impossibleValue() throws {
    let error = try kafkaError {
      _ = try Consumer(["bootstrap.servers": "x:1", "fetch.min.bytes": "many"], logger: quiet)
    }
    #expect(error.message.contains("fetch.min.bytes"))
  }

  @Test("what is missing is named: bootstrap.servers, transactional.id, group.id")
  func missingProperties() throws {
    let noServers = try kafkaError { _ = try Producer([:], logger: quiet) }
    #expect(noServers.message.contains("bootstrap.servers"))
    let noIdentity = try kafkaError {
      _ = try TransactionalProducer(["bootstrap.servers": "x:1"], logger: quiet)
    }
    #expect(noIdentity.message.contains("transactional.id"))
    let noGroup = try kafkaError {
      try Consumer(["bootstrap.servers": "127.0.0.1:1"], logger: quiet)
        .subscribe(["t"]) { _ in }
    }
    #expect(noGroup.message.contains("group.id"))
  }

  @Test("the values of secrets never appear")
  func secretsStayHidden() throws {
    let configuration: ClientConfiguration = [
      "bootstrap.servers": "x:1", "sasl.password": "hunter2", "sasl.oauthbearer.config": "hunter2",
    ]
    #expect(!configuration.description.contains("hunter2"))
    #expect(configuration.description.contains("bootstrap.servers=x:1"))
  }

  @Test("an unreachable broker is an error within the timeout that names the address")
  func unreachableBroker() throws {
    let admin = try AdminClient(["bootstrap.servers": "127.0.0.1:1"], logger: quiet)
    let start = ContinuousClock.now
    let error = try kafkaError { _ = try admin.listTopics(timeoutMilliseconds: 1000) }
    #expect(ContinuousClock.now - start < .seconds(5))
    #expect(error.message.contains("bootstrap.servers=127.0.0.1:1"))
    #expect(error.message.contains("Connection refused"))
  }

  @Test("closing a consumer and a producer of an unreachable broker is bounded")
  func closingUnreachable() throws {
    let start = ContinuousClock.now
    let consumer = try Consumer(
      ["bootstrap.servers": "127.0.0.1:1", "group.id": "g"], logger: quiet)
    try consumer.subscribe(["t"]) { _ in }
    try consumer.poll(timeoutMilliseconds: 100)
    consumer.close(timeoutMilliseconds: 1000)
    let producer = try Producer(["bootstrap.servers": "127.0.0.1:1"], logger: quiet)
    try producer.produce(try producer.topic("t"), key: nil, value: nil)
    producer.close()
    #expect(ContinuousClock.now - start < .seconds(8))
  }
}
