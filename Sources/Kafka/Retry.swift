internal import Glibc
import Logging
import Synchronization

/// Asks again what failed for a reason that passes by itself (``KafkaError/isTransient``): after pauses that
/// grow and that differ from one asker to the next, until it succeeds or its time is over.
///
/// ```swift
/// let retry = Retry(limit: .seconds(30), logger: logger)
/// let ends = try retry { try consumer.endOffsets(partitions, timeoutMilliseconds: 15_000) }
/// ```
///
/// A wait that is worth a word is one line when it begins and one when it is over, however many askers wait for
/// the same thing.
public struct Retry: Sendable {
  /// After so long the error is thrown; nil waits for as long as it takes.
  public var limit: Duration?
  /// How long a topic that is not known counts as one that is not known yet: brokers hear of a new topic one
  /// after the other.
  public var newTopicTimeout = Duration.seconds(5)
  public let logger: Logger

  public init(limit: Duration?, logger: Logger) {
    self.limit = limit
    self.logger = logger
  }

  /// Runs `body` until it succeeds.
  ///
  /// - Throws: what does not pass by itself, at once; the last error once the time is over.
  public func callAsFunction<Result, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let began = ContinuousClock.now
    var backOff = BackOff()
    var waitingFor: String?
    while true {
      do throws(Failure) {
        let result = try body()
        if let waitingFor { Waits.end(waitingFor, logger) }
        return result
      } catch {
        let waited = began.duration(to: .now)
        let pause = backOff.next()
        guard let cause = error as? KafkaError, mayBeTransient(cause, after: waited),
          limit.map({ waited + pause < $0 }) ?? true
        else { throw error }
        if waitingFor != nil || waited + pause > Retry.quietTime {
          Waits.begin(cause, logger)
          waitingFor = cause.name
        }
        backOff.rest(pause)
      }
    }
  }

  private func mayBeTransient(_ error: KafkaError, after waited: Duration) -> Bool {
    error.isTransient || (error.isUnknownTopic && waited < newTopicTimeout)
  }

  /// What passes sooner needs no line.
  private static let quietTime = Duration.milliseconds(500)
}

/// Pauses between attempts: each twice as long as the one before, up to two seconds, and shortened by up to
/// half at random, so that those who failed together do not ask together.
public struct BackOff: Sendable {
  private var pause = Duration.milliseconds(50)
  private static let longest = Duration.seconds(2)

  public init() {}

  /// How long to wait now.
  public mutating func next() -> Duration {
    defer { pause = min(pause * 2, BackOff.longest) }
    return pause * Double.random(in: 0.5...1)
  }

  /// Blocks the thread.
  public func rest(_ pause: Duration) {
    let (seconds, attoseconds) = pause.components
    usleep(UInt32(seconds) * 1_000_000 + UInt32(attoseconds / 1_000_000_000_000))
  }
}

/// What is being waited for now, in the whole process: each thing has one line when it begins and one when it
/// is over.
private enum Waits {
  private struct Wait {
    let since: ContinuousClock.Instant
    var lastSeen: ContinuousClock.Instant
  }

  private static let current = Mutex<[String: Wait]>([:])
  /// What has not been heard of for so long is forgotten.
  private static let memory = Duration.seconds(60)

  static func begin(_ error: KafkaError, _ logger: Logger) {
    let now = ContinuousClock.now
    let isNews = current.withLock { current in
      current = current.filter { $0.value.lastSeen.duration(to: now) < memory }
      let isNews = current[error.name] == nil
      current[error.name, default: Wait(since: now, lastSeen: now)].lastSeen = now
      return isNews
    }
    logger.log(level: isNews ? .warning : .debug, "\(error); waiting until it passes")
  }

  static func end(_ name: String, _ logger: Logger) {
    guard let wait = current.withLock({ $0.removeValue(forKey: name) }) else { return }
    let seconds = wait.since.duration(to: .now).components.seconds
    logger.notice("\(name) has passed, after \(seconds) s")
  }
}
