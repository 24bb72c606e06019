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

  private struct State {
    /// Those that were received and have no fate yet, by receipt.
    var held: [String: QueueMessage] = [:]
    var fates: [(message: QueueMessage, fate: Fate)] = []
    var failure: (any Error)?
    var isDraining = false
    var isOver = false
    /// Those that were left to the queue, by their ids.
    var left: Set<String> = []
    /// Receives in a row that brought nothing, or only what had been left before.
    var emptyAnswers = 0
  }

  private let client: QueueClient
  private let mostHeld: Int
  private let wait: Int
  private let monitor: IngestMonitor
  private let logger: Logger
  private let onMessage: @Sendable (QueueMessage) -> Void
  private let onChange: @Sendable () -> Void
  private let state = Mutex(State())
  private let wake = DispatchSemaphore(value: 0)
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
      var loop = Loop(self, seconds: hiding)
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

  /// The thread's own state.
  private struct Loop {
    private let session: QueueSession
    /// For how long messages are hidden.
    private let seconds: Int
    private var receiving: PendingHTTPAnswer?
    private var deleting: [(message: QueueMessage, answer: PendingHTTPAnswer, attempt: Int)] = []
    private var hiding: [(messages: [QueueMessage], answer: PendingHTTPAnswer)] = []
    private var nextHiding = ContinuousClock.now
    /// Not before this another message is asked for.
    private var nextReceiving = ContinuousClock.now
    private var pause = Duration.milliseconds(500)
    private var isTroubled = false
    private var warned: Set<String> = []

    init(_ session: QueueSession, seconds: Int) {
      self.session = session
      self.seconds = seconds
    }

    private var interval: Duration { .milliseconds(seconds * 1_000 / 3) }

    mutating func run() {
      while true {
        let isDraining = session.state.withLock { $0.isDraining }
        collectMessages()
        carryOut()
        collectDeletions()
        collectHiding()
        if isDraining {
          if receiving == nil, deleting.isEmpty, session.state.withLock({ $0.fates.isEmpty }) {
            return release()
          }
        } else if receiving == nil, .now >= nextReceiving {
          receive()
        }
        if .now >= nextHiding { hide() }
        note()
        let due = min(nextHiding, receiving == nil ? max(nextReceiving, .now) : nextHiding)
        let milliseconds = max(
          10, min(1_000, ContinuousClock.now.duration(to: due) / .milliseconds(1)))
        _ = session.wake.wait(timeout: .now() + .milliseconds(Int(milliseconds)))
      }
    }

    private var waker: @Sendable () -> Void {
      let wake = session.wake
      return { wake.signal() }
    }

    // MARK: Receiving

    private mutating func receive() {
      let room = session.state.withLock { session.mostHeld - $0.held.count }
      guard room > 0, session.failure == nil else {
        nextReceiving = .now + .milliseconds(room > 0 ? 1_000 : 50)
        return
      }
      do {
        receiving = try session.client.startReceiving(
          min(room, QueueClient.batch), wait: session.wait, onDone: waker)
      } catch {
        fail(error)
      }
    }

    private mutating func collectMessages() {
      guard let answer = receiving else { return }
      guard answer.isOver else {
        // A queue that is being waited for must not hold up the end.
        if session.state.withLock({ $0.isDraining }) { receiving = nil }
        return
      }
      receiving = nil
      do {
        guard let messages = QueueAnswer.messages(try session.client.body(answer)) else {
          throw OperatorError(
            "the queue \(session.client.address.name): the answer is none of SQS'")
        }
        if isTroubled { session.logger.notice("the queue is back") }
        isTroubled = false
        pause = .milliseconds(500)
        session.state.withLock { state in
          let isNew = messages.contains { !state.left.contains($0.id) }
          state.emptyAnswers = isNew ? 0 : state.emptyAnswers + 1
          for message in messages { state.held[message.receipt] = message }
        }
        if !messages.isEmpty { nextHiding = min(nextHiding, .now + interval) }
        for message in messages { session.onMessage(message) }
        if messages.isEmpty { session.onChange() }
      } catch {
        fail(error)
      }
    }

    private mutating func fail(_ error: any Error) {
      nextReceiving = .now + pause
      pause = min(pause * 2, .seconds(10))
      guard error is StoreOutage else {
        session.state.withLock { $0.failure = error }
        return session.onChange()
      }
      if !isTroubled { session.logger.warning("\(error); asking again until it answers") }
      isTroubled = true
    }

    // MARK: Fates

    private mutating func carryOut() {
      let fates = session.state.withLock { state in
        defer { state.fates.removeAll() }
        if state.left.count > 100_000 { state.left.removeAll() }
        for (message, fate) in state.fates {
          state.held[message.receipt] = nil
          if fate == .leave { state.left.insert(message.id) }
        }
        return state.fates
      }
      for (message, fate) in fates {
        switch fate {
        case .delete: delete(message, attempt: 1)
        case .release: hide([message], seconds: 0)
        case .leave: break
        }
      }
    }

    private mutating func delete(_ message: QueueMessage, attempt: Int) {
      do {
        deleting.append(
          (message, try session.client.startDeleting(message, onDone: waker), attempt))
      } catch {
        sayNotDeleted(error)
      }
    }

    private mutating func collectDeletions() {
      let over = deleting.filter { $0.answer.isOver }
      deleting.removeAll { $0.answer.isOver }
      for (message, answer, attempt) in over {
        do { _ = try session.client.body(answer) } catch {
          if error is StoreOutage, attempt < 4 {
            delete(message, attempt: attempt + 1)
          } else {
            sayNotDeleted(error)
          }
        }
      }
    }

    private func sayNotDeleted(_ error: any Error) {
      session.logger.warning(
        "\(error); a message that is done with comes again, and counts for nothing then")
    }

    // MARK: Hiding

    private mutating func hide() {
      nextHiding = .now + interval
      let held = session.state.withLock { $0.held.values.sorted { $0.id < $1.id } }
      for start in stride(from: 0, to: held.count, by: QueueClient.batch) {
        hide(Array(held[start..<min(held.count, start + QueueClient.batch)]), seconds: seconds)
      }
    }

    private mutating func hide(_ messages: [QueueMessage], seconds: Int) {
      let answer = try? session.client.startHiding(messages, seconds: seconds, onDone: waker)
      if let answer { hiding.append((messages, answer)) }
    }

    private mutating func collectHiding() {
      let over = hiding.filter { $0.answer.isOver }
      hiding.removeAll { $0.answer.isOver }
      for (messages, answer) in over {
        guard let body = try? session.client.body(answer) else { continue }
        for (id, code) in QueueAnswer.failures(body) {
          guard let index = Int(id), messages.indices.contains(index) else { continue }
          let message = messages[index]
          let isHeld = session.state.withLock { $0.held[message.receipt] != nil }
          guard isHeld, warned.insert(message.id).inserted else { continue }
          session.logger.warning(
            "the queue no longer hides a message in work (\(code)); it may come twice, and counts once"
          )
        }
      }
      if warned.count > 10_000 { warned.removeAll() }
    }

    /// Gives back what nobody has decided about.
    private mutating func release() {
      let held = session.state.withLock { state in
        defer { state.held.removeAll() }
        return Array(state.held.values)
      }
      for start in stride(from: 0, to: held.count, by: QueueClient.batch) {
        hide(Array(held[start..<min(held.count, start + QueueClient.batch)]), seconds: 0)
      }
      let deadline = ContinuousClock.now + .seconds(3)
      while hiding.contains(where: { !$0.answer.isOver }), .now < deadline {
        _ = session.wake.wait(timeout: .now() + .milliseconds(50))
      }
      note()
    }

    private func note() {
      let (count, oldest) = session.state.withLock { state in
        (state.held.count, state.held.values.compactMap(\.sent).min())
      }
      session.monitor.change {
        $0.messages = count
        $0.oldestMessage = oldest
      }
    }
  }
}
