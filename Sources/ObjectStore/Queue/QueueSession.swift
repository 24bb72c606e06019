import Cluster
import Files
import Foundation
import Logging
import Synchronization
import WebClient

/// Receives messages, keeps them hidden from others while they are worked on, and deletes those that are done with, on a
/// thread of its own.
final class QueueSession: Sendable {
  /// What is done with a message that somebody has looked at.
  enum Fate: Sendable {
    /// Its objects are in the topics.
    case delete
    /// It stays hidden as long as the queue hides messages; then it comes again, or goes to the dead-letter queue.
    case leave
    /// It comes again at once.
    case release
  }

  struct State {
    /// Those that were received and have no fate yet, by receipt.
    var held: [String: QueueMessage] = [:]
    var fates: [(message: QueueMessage, fate: Fate)] = []
    var failure: (any Error)?
    var isDraining = false
    var isOver = false
    /// Those that went back to the queue, by their ids.
    var left: Set<String> = []
    /// Receives in a row that brought nothing, or only what had been left before.
    var emptyAnswers = 0
  }

  let client: QueueClient
  let mostHeld: Int
  let wait: Int
  let monitor: IngestMonitor
  let logger: Logger
  let onMessage: @Sendable (QueueMessage) -> Void
  let onChange: @Sendable () -> Void
  let state = Mutex(State())
  let wake = DispatchSemaphore(value: 0)
  private let ended = DispatchSemaphore(value: 0)

  /// - Parameters:
  ///   - mostHeld: messages that are in hand at a time.
  ///   - wait: seconds for which one request waits for messages.
  ///   - onMessage: told of every message, on the session's thread.
  ///   - onChange: called when `failure` or `isEmpty` may have changed.
  init(
    _ client: QueueClient, mostHeld: Int, wait: Int, monitor: IngestMonitor, logger: Logger,
    onMessage: @escaping @Sendable (QueueMessage) -> Void,
    onChange: @escaping @Sendable () -> Void
  ) {
    self.client = client
    self.mostHeld = mostHeld
    self.wait = wait
    self.monitor = monitor
    self.logger = logger
    self.onMessage = onMessage
    self.onChange = onChange
  }

  /// Learns for how long the queue hides messages, and begins to receive. Throws what keeps it from that.
  func start() throws {
    let hiding = try visibility()
    let thread = Thread { [self] in
      var loop = QueueLoop(self, seconds: hiding)
      loop.run()
      state.withLock { $0.isOver = true }
      ended.signal()
    }
    thread.name = "queue"
    thread.start()
  }

  /// Decides about a message.
  func settle(_ message: QueueMessage, _ fate: Fate) {
    state.withLock { $0.fates.append((message, fate)) }
    wake.signal()
  }

  /// Why nothing more is received; nil when all is well.
  var failure: (any Error)? { state.withLock { $0.failure } }

  /// Whether the queue has had nothing new to give, twice in a row.
  var isEmpty: Bool { state.withLock { $0.emptyAnswers >= 2 && $0.held.isEmpty } }

  /// Receives nothing more, has what was decided carried out, gives back what is left, and ends the thread.
  func finish() {
    state.withLock { $0.isDraining = true }
    wake.signal()
    ended.wait()
  }

  /// Seconds. Without the right to ask, or without an answer that says so, SQS' own default.
  private func visibility() throws -> Int {
    let usual = 30
    let body: [UInt8]
    do { body = try client.body(client.startAttributes()) } catch let error as OperatorError {
      guard error.description.contains("AccessDenied") else { throw error }
      logger.notice(
        "\(error); messages are hidden for \(usual) s at a time. sqs:GetQueueAttributes tells the queue's own time"
      )
      return usual
    }
    let attributes = QueueAnswer.attributes(body) ?? [:]
    if attributes["RedrivePolicy"] == nil {
      logger.warning(
        "the queue \(client.address.name) has no dead-letter queue: what cannot be used comes again and again"
      )
    }
    return max(1, attributes["VisibilityTimeout"].flatMap { Int($0) } ?? usual)
  }
}
