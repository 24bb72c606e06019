import Dispatch
import Foundation

/// Runs a closure on the first SIGTERM or SIGINT; a second one ends the process at once.
///
/// `@unchecked Sendable`: the count is touched on the signal queue only.
final class StopSignals: @unchecked Sendable {
  private let queue = DispatchQueue(label: "signals")
  private var sources: [any DispatchSourceSignal] = []
  private var count = 0

  /// - Parameter beforeForcedExit: what cannot be left undone even by the second signal.
  init(
    _ stop: @escaping @Sendable () -> Void, beforeForcedExit: @escaping @Sendable () -> Void = {}
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
        stop()
      }
      source.resume()
      sources.append(source)
    }
  }
}
