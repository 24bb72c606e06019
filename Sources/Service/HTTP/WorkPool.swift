import Dispatch
import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// A few threads that answer requests, and a queue before them that has a limit.
final class WorkPool: Sendable {
  /// What became of a request.
  enum Outcome: Sendable {
    case answered(HTTPResponse)
    /// Too many wait already.
    case full
    /// Its turn did not come in time.
    case waitedTooLong
    /// It was begun and is not done in time.
    case tookTooLong
  }

  private let pool: NIOThreadPool
  private let limit: Int
  private let niceness: Int32
  private let count = Atomic(0)

  init(_ lane: HTTPLane) {
    pool = NIOThreadPool(numberOfThreads: lane.threadCount)
    limit = lane.threadCount + lane.queueLimit
    niceness = lane.niceness
  }

  func start() { pool.start() }

  /// Runs `body` on one of the threads, unless nobody wants its answer any more by then.
  ///
  /// - Parameter deadline: when the outcome is told, whatever the thread does.
  func run(
    _ work: RequestWork, on loop: any EventLoop, deadline: TimeAmount,
    _ body: @escaping @Sendable () -> HTTPResponse
  ) -> EventLoopFuture<Outcome> {
    guard count.add(1, ordering: .relaxed).newValue <= limit else {
      count.subtract(1, ordering: .relaxed)
      return loop.makeSucceededFuture(.full)
    }
    let outcome = loop.makePromise(of: Outcome.self)
    let told = Told()
    let alarm = loop.scheduleTask(in: deadline) {
      if told.first() { outcome.succeed(work.hasBegun ? .tookTooLong : .waitedTooLong) }
      work.cancel()
    }
    pool.submit { [self] state in
      defer { count.subtract(1, ordering: .relaxed) }
      guard state == .active, (try? work.check()) != nil else {
        if told.first() { outcome.succeed(.waitedTooLong) }
        return
      }
      work.begin()
      if niceness > 0 { setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, niceness) }
      let response = body()
      alarm.cancel()
      if told.first() { outcome.succeed(.answered(response)) }
    }
    return outcome.futureResult
  }

  /// Waits for what is being answered, but not for long: a look-up may hang in a call to a broker.
  func stop() {
    let isOver = DispatchSemaphore(value: 0)
    pool.shutdownGracefully { _ in isOver.signal() }
    _ = isOver.wait(timeout: .now() + .seconds(2))
  }

  /// Lets only the first through.
  private final class Told: Sendable {
    private let isTold = Atomic(false)
    func first() -> Bool { !isTold.exchange(true, ordering: .relaxed) }
  }
}
