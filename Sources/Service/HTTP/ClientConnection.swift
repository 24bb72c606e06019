import Synchronization

/// What the handlers of a connection and the task that answers its requests have in common.
final class ClientConnection: Sendable {
  private struct State {
    var isOpen = true
    var onLeave: (@Sendable () -> Void)?
    var waitingSince: ContinuousClock.Instant? = .now
  }

  /// The client's address without its port.
  let address: String
  private let state = Mutex(State())

  init(address: String) { self.address = address }

  /// Since when it has had nothing to do, or has waited for the rest of a request; nil while it answers one.
  var waitingSince: ContinuousClock.Instant? { state.withLock { $0.waitingSince } }

  /// Notes that a request is complete, or answered.
  func note(isAnswering: Bool) { state.withLock { $0.waitingSince = isAnswering ? nil : .now } }

  /// Has `body` called if the client leaves before the next `answered`; at once if it has left.
  func whenClientLeaves(_ body: @escaping @Sendable () -> Void) {
    let isOpen = state.withLock { state in
      state.onLeave = body
      return state.isOpen
    }
    if !isOpen { body() }
  }

  /// The request is answered.
  func answered() { state.withLock { $0.onLeave = nil } }

  /// The connection is closed.
  func leave() {
    let body = state.withLock { state in
      state.isOpen = false
      let body = state.onLeave
      state.onLeave = nil
      return body
    }
    body?()
  }
}
