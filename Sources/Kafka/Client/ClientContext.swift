// Safety: `@unchecked Sendable` because librdkafka's threads reach a context through the client's
// opaque pointer. They touch only `logger`, which is a Sendable value and never changes, and
// `connections`, which is behind a mutex. Everything else is read and written on the thread
// that polls the client, because librdkafka runs those callbacks inside the polling call.

internal import CRdkafka
import Logging
import Synchronization

/// What the callbacks of one client share: its logger and what they have seen.
final class ClientContext: @unchecked Sendable {
  let logger: Logger
  let onStatistics: ((String) -> Void)?

  /// Called with the code and the list of a rebalance; the list is librdkafka's.
  var onRebalance:
    (
      (rd_kafka_resp_err_t, UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?) -> Void
    )?

  /// Errors met inside callbacks, which cannot throw; the next poll throws them.
  private(set) var pendingErrors: [KafkaError] = []
  /// Records that could not be delivered, and why the first could not.
  private(set) var deliveryFailures = 0
  private(set) var firstDeliveryFailure: KafkaError?

  /// Shared by all clients of the process: a broker that is away is away for each of them.
  private static let throttle = Mutex(ErrorThrottle())
  private let connections = Mutex(BrokerConnections())
  /// What OpenSSL has found wrong with a broker's certificate, until the line about the connection comes.
  private let certificateFault = Mutex<Int32?>(nil)

  init(logger: Logger, onStatistics: ((String) -> Void)?) {
    self.logger = logger
    self.onStatistics = onStatistics
  }

  func keep(_ error: KafkaError) {
    pendingErrors.append(error)
  }

  /// The oldest kept error, taken out.
  func takeError() -> KafkaError? {
    pendingErrors.isEmpty ? nil : pendingErrors.removeFirst()
  }

  /// Forgets the records that could not be delivered: a new transaction begins.
  func forgetDeliveryFailures() {
    deliveryFailures = 0
    firstDeliveryFailure = nil
  }

  func countDeliveryFailure(_ error: @autoclosure () -> KafkaError) {
    deliveryFailures += 1
    if firstDeliveryFailure == nil { firstDeliveryFailure = error() }
  }

  /// One line for an error that needs nobody's action, at most one per code in a minute; the many
  /// ways of not reaching a broker count as one.
  func report(_ error: KafkaError) {
    let code = error.isConnectionTrouble ? RD_KAFKA_RESP_ERR__TRANSPORT.rawValue : error.code
    let isNews = Self.throttle.withLock {
      $0.admits(code: code, nowMilliseconds: MonotonicClock.milliseconds)
    }
    logger.log(level: isNews ? .warning : .debug, "\(error)")
  }

  /// Called by librdkafka's threads with each of its log lines.
  func log(level: Int32, facility: String, line: String) {
    if facility == "FAIL" {
      let now = MonotonicClock.milliseconds
      let fault = certificateFault.withLock { fault in
        defer { fault = nil }
        return fault
      }
      connections.withLock {
        $0.noteFailure(line, certificateFault: fault, nowMilliseconds: now)
      }
    }
    let level = Self.echoes.contains(facility) ? .debug : Self.level(ofSyslog: level)
    logger.log(level: level, "\(line)", metadata: ["facility": "\(facility)"])
  }

  /// Called by librdkafka's threads within a handshake.
  func noteCertificateFault(_ fault: Int32) { certificateFault.withLock { $0 = fault } }

  /// Whether a broker and this client do not come together, so that waiting for one is in vain.
  var isRefused: Bool { connections.withLock { $0.refusal != nil } }

  /// What librdkafka says of requests that failed. Each comes back as the error of a call, as a
  /// rebalance or through `report`, once; the lines are for those who debug.
  private static let echoes: Set<String> = [
    "FAIL", "ERROR", "REQTMOUT", "REQERR", "TXNERR", "TXNERROR", "ADDOFFSETS", "ADDPARTS",
    "TXNOFFSETS", "ENDTXN", "COORD", "SESSTMOUT", "HEARTBEAT", "COMMITFAIL", "MAXPOLL", "DRAIN",
    "GETPID", "RETRY", "FATAL", "ASSIGNLOST", "CGRPTERM", "DESTROY", "TERMINATE", "SSLCERTVRFY",
    // Of a new topic, from a broker that has not heard of it yet; who needs to know asks.
    "PARTCNT",
  ]

  /// Which brokers are away, for an error that this may explain; nil where no connection has failed lately.
  ///
  /// - Parameter ask: asks any broker for the addresses of all; nil when none answers.
  func connectionTrouble(_ ask: () -> [Int32: String]?) -> BrokerConnections.Trouble? {
    let now = MonotonicClock.milliseconds
    guard connections.withLock({ $0.hasRecentFailure(nowMilliseconds: now) }) else { return nil }
    if connections.withLock({ $0.wantsAnswer(nowMilliseconds: now) }) {
      let answer = ask()
      let now = MonotonicClock.milliseconds
      connections.withLock { $0.note(answer, nowMilliseconds: now) }
    }
    return connections.withLock { $0.trouble(nowMilliseconds: now) }
  }

  /// syslog's eight levels in swift-log's seven.
  static func level(ofSyslog level: Int32) -> Logger.Level {
    switch level {
    case ...2: .critical
    case 3: .error
    case 4: .warning
    case 5: .notice
    case 6: .info
    default: .debug
    }
  }
}
