import NIOCore
import Synchronization

/// Which connections are open.
///
/// When there are as many as may be, a new one takes the place of the one that has waited longest for a request or the
/// rest of one, if that is more than a moment: so those who only hold connections keep nobody out for long.
final class ConnectionTable: Sendable {
  private struct Entry: Sendable {
    let channel: any Channel
    let client: ClientConnection
  }

  private static let patience = Duration.seconds(2)
  private let entries = Mutex<[ObjectIdentifier: Entry]>([:])

  /// Takes a connection until it is closed; false when there are `limit` already and all are in use.
  func add(_ channel: any Channel, _ client: ClientConnection, limit: Int) -> Bool {
    let identifier = ObjectIdentifier(channel)
    let (isWelcome, leaver) = entries.withLock { entries -> (Bool, (any Channel)?) in
      var leaver: (any Channel)?
      if entries.count >= limit {
        guard let longest = Self.longestWaiting(entries) else { return (false, nil) }
        leaver = entries.removeValue(forKey: longest)?.channel
      }
      entries[identifier] = Entry(channel: channel, client: client)
      return (true, leaver)
    }
    leaver?.close(promise: nil)
    guard isWelcome else { return false }
    channel.closeFuture.whenComplete { [self] _ in entries.withLock { $0[identifier] = nil } }
    return true
  }

  private static func longestWaiting(_ entries: [ObjectIdentifier: Entry]) -> ObjectIdentifier? {
    let latest = ContinuousClock.now - patience
    var longest: (identifier: ObjectIdentifier, since: ContinuousClock.Instant)?
    for (identifier, entry) in entries {
      guard let since = entry.client.waitingSince, since < longest?.since ?? latest else {
        continue
      }
      longest = (identifier, since)
    }
    return longest?.identifier
  }

  func closeAll() {
    for entry in entries.withLock({ Array($0.values) }) { entry.channel.close(promise: nil) }
  }
}
