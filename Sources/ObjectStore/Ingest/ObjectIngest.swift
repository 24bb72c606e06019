import Cluster
import Files
import Foundation
import Logging
import WebClient

/// Takes objects into the input topics, through the ledger of `FileIngest`: what a prefix holds, or what the notifications
/// of a queue name.
///
/// Several objects are looked at at a time; one thread, the caller's, brings them into the topics.
public final class ObjectIngest {
  private let ingest: FileIngest
  private let options: ObjectStoreOptions
  private let environment: [String: String]
  private let logger: Logger
  private let shouldStop: @Sendable () -> Bool

  /// Messages that were left to the queue.
  public private(set) var leftMessages = 0

  /// - Parameters:
  ///   - environment: where credentials, regions and endpoints are looked for.
  ///   - shouldStop: the same as the ingest's.
  public init(
    _ ingest: FileIngest, _ options: ObjectStoreOptions, environment: [String: String],
    logger: Logger, shouldStop: @escaping @Sendable () -> Bool
  ) {
    self.ingest = ingest
    self.options = options
    self.environment = environment
    self.logger = logger
    self.shouldStop = shouldStop
  }

  // MARK: A prefix

  /// Takes what prefixes hold now.
  public func take(_ prefixes: [ObjectPrefix]) throws {
    let clients = try options.makeClients(environment, queue: nil)
    defer { clients.web.stop() }
    let turn = DispatchSemaphore(value: 0)
    let pool = SurveyPool(
      ingest.surveyor, threads: options.parallel, shouldStop: shouldStop,
      onDone: { turn.signal() })
    defer { pool.stop() }
    for prefix in prefixes where !shouldStop() {
      let folder = ObjectFolder(
        prefix: prefix, client: clients.objects, reports: options.reports, logger: logger)
      var line: [PendingSurvey] = []
      func settleFirst() throws {
        let survey = line.removeFirst()
        while !survey.isOver { _ = turn.wait(timeout: .now() + .milliseconds(200)) }
        if let surveyed = try survey.get(), !shouldStop() {
          _ = try ingest.take(surveyed, of: folder)
        }
      }
      do {
        try folder.list { file in
          guard !shouldStop() else { throw Stop() }
          if try ingest.knows(file) { return ingest.passOver(file) }
          line.append(pool.submit(file))
          if line.count > options.parallel { try settleFirst() }
        }
      } catch is Stop {}
      while !line.isEmpty { try settleFirst() }
    }
  }

  /// Ends a list that nobody wants to the end.
  private struct Stop: Error {}

  // MARK: A queue

  /// Takes the objects that a queue's notifications name, until it is told to stop.
  public func take(from address: QueueAddress) throws {
    let clients = try options.makeClients(environment, queue: address)
    defer { clients.web.stop() }
    let folder = ObjectFolder(
      prefix: nil, client: clients.objects, reports: options.reports, logger: logger)
    let turn = DispatchSemaphore(value: 0)
    let pool = SurveyPool(
      ingest.surveyor, threads: options.parallel, shouldStop: shouldStop,
      onDone: { turn.signal() })
    defer { pool.stop() }
    let line = MessageLine(pool, folder)
    let session = QueueSession(
      QueueClient(address, clients.signed, region: clients.region), mostHeld: options.parallel * 2,
      wait: options.stopsAtEnd ? 1 : 20, monitor: ingest.monitor, logger: logger,
      onMessage: { message in
        line.append(message)
        turn.signal()
      }, onChange: { turn.signal() })
    guard try start(session) else { return }
    // Whatever ends the loop, messages that nobody has decided about are given back.
    defer { session.finish() }
    while !shouldStop() {
      if let error = session.failure { throw error }
      guard let task = line.first else {
        if options.stopsAtEnd, session.isEmpty { return }
        _ = turn.wait(timeout: .now() + .milliseconds(200))
        continue
      }
      guard task.isReady else {
        _ = turn.wait(timeout: .now() + .milliseconds(200))
        continue
      }
      let fate = try settle(task, folder)
      line.removeFirst()
      session.settle(task.message, fate)
      guard fate != .delete, let group = task.message.group else { continue }
      // Those behind it in its group wait until it has come again.
      for other in line.remove(group: group) { session.settle(other.message, .release) }
    }
  }

  /// False when the process is to stop before the queue has answered.
  private func start(_ session: QueueSession) throws -> Bool {
    var outage = Outage(timeout: FileIngest.outageTimeout, firstPause: 0.5, logger)
    while !shouldStop() {
      do {
        try session.start()
        return true
      } catch let error as StoreOutage {
        try outage.waitOrThrow(error, shouldStop)
      }
    }
    return false
  }

  private func settle(_ task: MessageTask, _ folder: ObjectFolder) throws -> QueueSession.Fate {
    if let problem = task.problem {
      let what = "a message of the queue cannot be used: \(problem)"
      let place = folder.write("\(what)\n", of: "messages/\(StoreFault.word(task.message.id))")
      logger.error("\(what); left to its dead-letter queue\(place.map { "; see \($0)" } ?? "")")
      ingest.monitor.change { $0.refusals["message", default: 0] += 1 }
      leftMessages += 1
      return .leave
    }
    if task.surveys.isEmpty { logger.info("\(task.remark); deleted") }
    var isLeft = false
    for survey in task.surveys {
      guard let surveyed = try survey.get() else { return .release }
      if surveyed.refusal != nil, try ingest.knows(surveyed.file) {
        ingest.passOver(surveyed.file)
        continue
      }
      switch try ingest.take(surveyed, of: folder) {
      case .taken, .known: break
      case .rejected, .failed: isLeft = true
      case .postponed: return .release
      }
    }
    if isLeft { leftMessages += 1 }
    return isLeft ? .leave : .delete
  }
}
