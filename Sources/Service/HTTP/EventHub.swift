import NIOCore
import NIOHTTP1
import Synchronization

/// Sends server-sent events to every client that listens.
///
/// Each event makes the one before it needless, so a client that reads slowly misses some; one that
/// reads nothing for long is let go.
public final class EventHub: Sendable {
  private struct State {
    var channels: [Int: any Channel] = [:]
    var stuckSince: [Int: NIODeadline] = [:]
    var next = 0
    var latest: [UInt8]?
  }

  private static let timeout = TimeAmount.seconds(30)
  private let state = Mutex(State())

  public init() {}

  /// How many clients listen.
  public var listenerCount: Int { state.withLock { $0.channels.count } }

  /// Sends an event to all.
  ///
  /// - Parameter data: one line.
  public func publish(_ event: String, _ data: [UInt8]) {
    var message = Array("event: \(event)\ndata: ".utf8)
    message.append(contentsOf: data)
    message.append(contentsOf: "\n\n".utf8)
    state.withLock { $0.latest = message }
    send(message)
  }

  /// Tells all clients that the connection is alive, by a comment.
  public func beat() { send(Array(": \n\n".utf8)) }

  private func send(_ message: [UInt8]) {
    let listeners = state.withLock { $0.channels }
    for (identifier, channel) in listeners {
      if channel.isWritable {
        state.withLock { $0.stuckSince[identifier] = nil }
        write(message, to: channel)
      } else {
        let since = state.withLock { state in
          state.stuckSince[identifier, default: .now()]
        }
        state.withLock { $0.stuckSince[identifier] = since }
        if NIODeadline.now() - since > Self.timeout { channel.close(promise: nil) }
      }
    }
  }

  /// - Returns: nil when there are `limit` listeners already.
  func subscribe(_ channel: any Channel, limit: Int) -> Int? {
    state.withLock { state in
      guard state.channels.count < limit else { return nil }
      state.next += 1
      state.channels[state.next] = channel
      return state.next
    }
  }

  /// Sends the latest event to a listener that is new.
  func greet(_ channel: any Channel) {
    if let latest = state.withLock({ $0.latest }) { write(latest, to: channel) }
  }

  func unsubscribe(_ identifier: Int) {
    state.withLock { state in
      state.channels[identifier] = nil
      state.stuckSince[identifier] = nil
    }
  }

  func closeAll() {
    for channel in state.withLock({ Array($0.channels.values) }) { channel.close(promise: nil) }
  }

  private func write(_ message: [UInt8], to channel: any Channel) {
    channel.writeAndFlush(
      HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(bytes: message))), promise: nil)
  }
}
