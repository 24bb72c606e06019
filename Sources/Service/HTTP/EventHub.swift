import Synchronization

/// Sends server-sent events to every client that listens.
///
/// Each event makes the one before it needless, so a client that reads slowly misses some.
public final class EventHub: Sendable {
  /// One client that listens.
  struct Listener: Sendable {
    let identifier: Int
    /// Ends when either side has had enough.
    let messages: AsyncStream<[UInt8]>
  }

  private struct State {
    var listeners: [Int: AsyncStream<[UInt8]>.Continuation] = [:]
    var next = 0
    var latest: [UInt8]?
  }

  /// How many events wait for a listener at most.
  private static let backlog = 4
  private let state = Mutex(State())

  public init() {}

  /// How many clients listen.
  public var listenerCount: Int { state.withLock { $0.listeners.count } }

  /// Sends an event to all.
  ///
  /// - Parameter data: one line.
  public func publish(_ event: String, _ data: [UInt8]) {
    var message = Array("event: \(event)\ndata: ".utf8)
    message.append(contentsOf: data)
    message.append(contentsOf: "\n\n".utf8)
    let listeners = state.withLock { state in
      state.latest = message
      return Array(state.listeners.values)
    }
    for listener in listeners { listener.yield(message) }
  }

  /// A listener that gets the latest event and all that follow; nil when there are `limit` listeners already.
  func subscribe(limit: Int) -> Listener? {
    let (messages, continuation) = AsyncStream.makeStream(
      of: [UInt8].self, bufferingPolicy: .bufferingNewest(Self.backlog))
    return state.withLock { state in
      guard state.listeners.count < limit else { return nil }
      state.next += 1
      state.listeners[state.next] = continuation
      if let latest = state.latest { continuation.yield(latest) }
      return Listener(identifier: state.next, messages: messages)
    }
  }

  func unsubscribe(_ identifier: Int) {
    state.withLock { $0.listeners.removeValue(forKey: identifier) }?.finish()
  }

  func closeAll() {
    let listeners = state.withLock { state in
      defer { state.listeners.removeAll() }
      return Array(state.listeners.values)
    }
    for listener in listeners { listener.finish() }
  }
}
