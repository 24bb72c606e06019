import Dispatch
import Foundation

/// Runs a closure on the first SIGTERM or SIGINT; a second one ends the process at once.
///
/// `@unchecked Sendable`: the count is touched on the signal queue only.
final class StopSignals: @unchecked Sendable {
  private let queue = DispatchQueue(label: "signals")
  private var sources: [any DispatchSourceSignal] = []
  private var count = 0

  /// - Parameters:
  ///   - timeout: in seconds, after which the process ends with code 1 although `stop` has not ended
  ///     it; nil for as long as it takes.
  ///   - beforeForcedExit: what cannot be left undone even by the second signal or lost timeout.
  init(
    timeout: Double? = nil, _ stop: @escaping @Sendable () -> Void,
    beforeForcedExit: @escaping @Sendable () -> Void = {}
  ) {
    for number in [SIGTERM, SIGINT] {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler { [unowned self] in
        count += 1
        if count > 1 {
          beforeForcedExit()
          _exit(128 + number)
        }
        if let timeout {
          queue.asyncAfter(deadline: .now() + timeout) {
            beforeForcedExit()
            _exit(1)
          }
        }
        stop()
      }
      source.resume()
      sources.append(source)
    }
  }
}
