import Foundation
import Logging
import Pipeline
import Synchronization

/// Ends a run in order, whatever it is doing when the signal comes.
final class Shutdown: Sendable {
  /// Seconds after which a run that cannot finish, for want of a broker, leaves all the same.
  static let timeout = 9.0

  private let processor = Mutex<Processor?>(nil)
  private let logger: Logger

  init(_ logger: Logger) { self.logger = logger }

  func take(_ processor: Processor) { self.processor.withLock { $0 = processor } }

  func begin() {
    guard let processor = processor.withLock({ $0 }) else { _exit(0) }
    logger.info("stopping: the open transaction is finished first")
    processor.stop()
  }

  func abandon() {
    logger.warning(
      "leaving with a transaction open: nothing of it counts, the next run does it again")
  }
}
