import CRdkafka
import Glibc
import Logging
import Synchronization
import Testing

@testable import Kafka

/// Keeps the lines of a log.
final class LineKeeper: Sendable {
  private let lines = Mutex<[String]>([])

  var all: [String] { lines.withLock { $0 } }

  func logger() -> Logger {
    var logger = Logger(label: "kept", factory: { _ in Handler(keeper: self) })
    logger.logLevel = .notice
    return logger
  }

  private struct Handler: LogHandler {
    let keeper: LineKeeper
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.notice

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      keeper.lines.withLock { $0.append("\(event.level) \(event.message)") }
    }
  }
}

@Suite("Asking again", .serialized, .timeLimit(.minutes(2)))
struct RetryTests {
  private func error(_ code: rd_kafka_resp_err_t) -> KafkaError {
    KafkaError(code, operation: "look up end offsets")
  }

  @Test("a question that gets no answer in time passes by itself")
  func noAnswer() throws {
    let cluster = try MockCluster()
    cluster.makeTopic("t", partitions: 2)
    let consumer = try Consumer(
      ["bootstrap.servers": cluster.bootstrapServers, "group.id": "g"],
      logger: LineKeeper().logger())
    defer { consumer.close(timeoutMilliseconds: 0) }
    let partitions = [0, 1].map { TopicPartition(topic: "t", partition: $0) }
    #expect(try consumer.endOffsets(partitions, timeoutMilliseconds: 10_000).count == 2)
    cluster.delayAnswers(milliseconds: 3_000)
    let error = try #require(throws: KafkaError.self) {
      try consumer.endOffsets(partitions, timeoutMilliseconds: 500)
    }
    #expect(error.isTransient, "\(error)")
    #expect(error.name == "_TIMED_OUT")
  }

  @Test(
    "what passes by itself is asked for again, with a line when it begins and one when it is over")
  func passes() throws {
    let lines = LineKeeper()
    let began = ContinuousClock.now
    var calls = 0
    let result = try Retry(limit: nil, logger: lines.logger())(
      { () throws(KafkaError) -> String in
        calls += 1
        if began.duration(to: .now) < .milliseconds(1_500) {
          throw error(RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION)
        }
        return "answer"
      })
    #expect(result == "answer")
    // Pauses grow: without one there would be thousands of calls.
    #expect((3...16).contains(calls), "\(calls)")
    #expect(lines.all.count == 2, "\(lines.all)")
    #expect(lines.all.first?.contains("NOT_LEADER_FOR_PARTITION); waiting until it passes") == true)
    #expect(lines.all.last?.contains("NOT_LEADER_FOR_PARTITION has passed") == true)
  }

  @Test("what does not pass is thrown at once, and what does not pass in time is thrown then")
  func ends() throws {
    var calls = 0
    let retry = Retry(limit: .milliseconds(700), logger: quiet)
    #expect(throws: KafkaError.self) {
      try retry { () throws(KafkaError) in
        calls += 1
        throw error(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
      }
    }
    #expect(calls == 1)
    let began = ContinuousClock.now
    #expect(throws: KafkaError.self) {
      try retry { () throws(KafkaError) in throw error(RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE) }
    }
    #expect(began.duration(to: .now) < .seconds(2))
  }

  @Test("errors that a broker injects into a question are not seen by who asked")
  func questions() throws {
    let cluster = try MockCluster()
    cluster.makeTopic("mock")
    let partition = TopicPartition(topic: "mock", partition: 0)
    let consumer = try Consumer(
      ["bootstrap.servers": cluster.bootstrapServers, "group.id": "g"], logger: quiet)
    cluster.fail(
      .listOffsets, with: RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
      RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION)
    #expect(try consumer.endOffsets([partition], timeoutMilliseconds: 10_000) == [partition: 0])
    cluster.fail(
      .offsetFetch, with: RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
      RD_KAFKA_RESP_ERR_NOT_COORDINATOR)
    #expect(try consumer.committed([partition], timeoutMilliseconds: 10_000) == [partition: nil])
  }

  @Test("a partition that has no leader for a while is waited for")
  func leaderless() throws {
    let cluster = try MockCluster()
    cluster.makeTopic("mock")
    let partition = TopicPartition(topic: "mock", partition: 0)
    let consumer = try Consumer(["bootstrap.servers": cluster.bootstrapServers], logger: quiet)
    cluster.setLeader(of: partition, -1)
    let admin = try AdminClient(["bootstrap.servers": cluster.bootstrapServers], logger: quiet)
    #expect(
      try admin.describeTopics(["mock"], timeoutMilliseconds: 5_000).first?.leaderless == [0])
    nonisolated(unsafe) let unsafe = cluster
    Later.after(milliseconds: 1_500) { unsafe.setLeader(of: partition, 1) }
    #expect(try consumer.endOffsets([partition], timeoutMilliseconds: 10_000) == [partition: 0])
  }
}

/// Runs something later, on a thread of its own.
enum Later {
  static func after(milliseconds: UInt32, _ body: @escaping @Sendable () -> Void) {
    var thread = pthread_t()
    let box = Unmanaged.passRetained(Box(milliseconds, body))
    pthread_create(
      &thread, nil,
      { argument in
        let box = Unmanaged<Box>.fromOpaque(argument!).takeRetainedValue()
        usleep(box.milliseconds * 1_000)
        box.body()
        return nil
      }, box.toOpaque())
    pthread_detach(thread)
  }

  private final class Box: Sendable {
    let milliseconds: UInt32
    let body: @Sendable () -> Void

    init(_ milliseconds: UInt32, _ body: @escaping @Sendable () -> Void) {
      self.milliseconds = milliseconds
      self.body = body
    }
  }
}

@Suite("Which broker is away")
struct BrokerConnectionsTests {
  private let refused = """
    [thrd:127.0.0.1:29092/bootstrap]: 127.0.0.1:29092/2: Connect to ipv4#127.0.0.1:29092 failed: Connection \
    refused (after 0ms in state CONNECT)
    """

  @Test("one of three is named, and the others are counted")
  func oneOfThree() {
    var connections = BrokerConnections()
    connections.noteFailure(refused, nowMilliseconds: 1_000)
    connections.note(
      [1: "127.0.0.1:29091", 2: "127.0.0.1:29092", 3: "127.0.0.1:29093"], nowMilliseconds: 1_100)
    #expect(
      connections.trouble(nowMilliseconds: 1_200)
        == .down([.init(id: 2, address: "127.0.0.1:29092")], of: 3))
    // Nine seconds later it has left the list.
    connections.note([1: "127.0.0.1:29091", 3: "127.0.0.1:29093"], nowMilliseconds: 30_000)
    #expect(
      connections.trouble(nowMilliseconds: 30_000)
        == .down([.init(id: 2, address: "127.0.0.1:29092")], of: 3))
    // It is listed again, and nothing has failed since.
    connections.note(
      [1: "127.0.0.1:29091", 2: "127.0.0.1:29092", 3: "127.0.0.1:29093"], nowMilliseconds: 40_000)
    #expect(connections.trouble(nowMilliseconds: 40_000) == .none)
  }

  @Test("that nobody answers is said only when nobody does")
  func nobody() {
    var connections = BrokerConnections()
    connections.noteFailure(refused, nowMilliseconds: 1_000)
    connections.note(nil, nowMilliseconds: 1_100)
    #expect(connections.trouble(nowMilliseconds: 1_200) == .nobodyAnswers(refused))
    #expect(!connections.hasRecentFailure(nowMilliseconds: 62_000))
  }

  @Test("what waiting does not help with is told in words, until somebody has answered")
  func refusals() throws {
    func message(_ reason: String, fault: Int32? = nil) -> String? {
      ConnectionRefusal(
        line:
          "[thrd:ssl://k:9094/bootstrap]: ssl://k:9094/bootstrap: \(reason) (after 3ms in state X)",
        certificateFault: fault)?.message
    }
    let untrusted = "SSL handshake failed: error:0A000086:SSL routines::certificate verify failed:"
    for (fault, words) in [
      (10, "the certificate of the broker at k:9094 has expired"), (9, "is not valid yet"),
      (19, "is signed by no CA that is trusted here; set ssl.ca.location"), (20, "by no CA"),
      (62, "is another host's"), (64, "is another host's"), (26, "OpenSSL error 26"),
    ] as [(Int32, String)] {
      #expect(message(untrusted, fault: fault)?.contains(words) == true)
    }
    #expect(
      message("Receive failed: SSL routines::alert certificate expired: SSL alert number 45")?
        .contains("refuses this client's certificate (expired); check ssl.certificate.location")
        == true)
    #expect(
      message("SASL authentication error: Authentication failed: Invalid username or password")
        == "the broker at k:9094 refuses the login (Authentication failed: Invalid username or password); "
        + "check sasl.mechanism, sasl.username and sasl.password")
    #expect(message("Connect to ipv4#127.0.0.1:9094 failed: Connection refused") == nil)
    #expect(message("SSL handshake failed: unexpected eof while reading") == nil)

    var connections = BrokerConnections()
    let line = "[thrd:k:9/1]: k:9/1: SASL authentication error: no"
    connections.noteFailure(line, nowMilliseconds: 0)
    connections.note(nil, nowMilliseconds: 0)
    let refusal = try #require(ConnectionRefusal(line: line, certificateFault: nil))
    #expect(connections.trouble(nowMilliseconds: 1) == .refused(refusal))
    // Keys are being changed at a cluster that is known: that passes.
    connections.note([1: "k:9"], nowMilliseconds: 2)
    connections.noteFailure(line, nowMilliseconds: 3)
    connections.note(nil, nowMilliseconds: 4)
    #expect(connections.trouble(nowMilliseconds: 5) == .nobodyAnswers(refusal.message))
  }

  @Test("addresses are read from lines of every protocol; coordinators' lines are passed over")
  func lines() {
    var connections = BrokerConnections()
    connections.noteFailure(
      "[thrd:sasl_ssl://k.example:9093/7]: sasl_ssl://k.example:9093/7: Disconnected",
      nowMilliseconds: 0)
    connections.noteFailure(
      "[thrd:GroupCoordinator]: GroupCoordinator: 127.0.0.1:29092: Disconnected", nowMilliseconds: 0
    )
    connections.note([1: "a:1"], nowMilliseconds: 0)
    #expect(
      connections.trouble(nowMilliseconds: 1)
        == .down([.init(id: 7, address: "k.example:9093")], of: 2))
  }
}
