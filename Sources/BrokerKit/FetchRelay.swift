// Safety: `Sendable` because every connection has its own descriptors and threads; what its two
// threads share is behind a mutex, and the descriptors are closed by the second to end.

import Foundation
import Synchronization

/// Stands between clients and `noida-db`, and mends its answers to fetches.
///
/// `noida-db` lists every transaction ever aborted in a partition with each fetch, whereas Kafka lists
/// those that reach into what is fetched. A reader past an aborted transaction then drops all that
/// the same transactional id writes later: a killed processor's successor would seem to lose events.
/// The relay takes from the lists what has ended before the fetch. It also answers at once where there
/// is nothing to read; the relay asks it again until something is there or the client's patience is over, as
/// Kafka does. (A client that waits so for an empty partition reads no others meanwhile.) Where there is
/// much to read, the relay answers with as much as was asked for (``FetchLeftovers``). Nothing else is
/// changed but the port at which clients look for the broker.
final class FetchRelay: Sendable {
  let port: UInt16
  private let listener: Int32
  /// nil while cut off.
  private let connections = Mutex<[Connection]?>([])

  /// Listens on a port of 127.0.0.1, or a free one, until `stop`.
  init(to brokerPort: UInt16, on port: UInt16?) throws(LocalBroker.Unavailable) {
    let (listener, port) = try LoopbackPort.listen(on: port)
    self.listener = listener
    self.port = port
    Thread.detachNewThread { [self] in
      while case let client = accept(listener, nil, nil), client >= 0 {
        connections.withLock { connections in
          guard connections != nil, let broker = LoopbackPort.connect(to: brokerPort) else {
            close(client)
            return
          }
          let connection = Connection(
            client: client, broker: broker, ports: (broker: brokerPort, relay: port))
          connections!.removeAll(where: \.isOver)
          connections!.append(connection)
          connection.start()
        }
      }
      close(listener)
    }
  }

  /// Ends every connection, and new ones as they come, when the broker has answered what it was asked;
  /// it has 5 s for that.
  func cut() {
    let ending = connections.withLock { connections in
      defer { connections = nil }
      return connections ?? []
    }
    for connection in ending { connection.drain() }
    for _ in 0..<500 where !ending.allSatisfy(\.isOver) { usleep(10_000) }
    for connection in ending { connection.cut() }
  }

  /// Takes connections again.
  func restore() { connections.withLock { $0 = [] } }

  /// Takes no more connections; those there are end with the broker.
  func stop() { shutdown(listener, Int32(SHUT_RDWR)) }
}

/// One client's connection, with the broker's behind it.
private final class Connection: Sendable {
  /// How long after an answer without records the broker is asked again, in microseconds.
  private static let pause: UInt32 = 10_000

  private let client: Int32
  private let broker: Int32
  private let ports: (broker: UInt16, relay: UInt16)
  private let requests = Mutex<[Int32: KafkaRequest]>([:])
  private let leftovers = Mutex(FetchLeftovers())
  /// Held while a frame is written, to the client or to the broker: both threads may.
  private let clientTurn = Mutex(())
  private let brokerTurn = Mutex(())
  /// How many of the two threads still use the descriptors.
  private let users = Mutex(2)

  init(client: Int32, broker: Int32, ports: (broker: UInt16, relay: UInt16)) {
    self.client = client
    self.broker = broker
    self.ports = ports
  }

  /// Whether both ways have ended.
  var isOver: Bool { users.withLock { $0 == 0 } }

  /// Takes nothing more from the client. What the broker has is still answered; then both ways end.
  func drain() { users.withLock { if $0 > 0 { shutdown(client, Int32(SHUT_RD)) } } }

  /// Ends both ways soon.
  func cut() { users.withLock { if $0 > 0 { shutdownBoth() } } }

  func start() {
    Thread.detachNewThread { self.pump(from: self.client, to: self.broker) { self.note($0) } }
    Thread.detachNewThread { self.pump(from: self.broker, to: self.client) { self.mend($0) } }
  }

  /// Carries frames one way until either side ends.
  ///
  /// - Parameter pass: what to carry in a frame's place; nil if it ends here.
  private func pump(from source: Int32, to target: Int32, _ pass: ([UInt8]) -> [UInt8]?) {
    while let frame = read(source) {
      if let frame = pass(frame), !write(frame, target) { break }
    }
    users.withLock { users in
      if source == client { shutdown(broker, Int32(SHUT_WR)) } else { shutdownBoth() }
      users -= 1
      guard users == 0 else { return }
      close(client)
      close(broker)
    }
  }

  private func shutdownBoth() {
    shutdown(client, Int32(SHUT_RDWR))
    shutdown(broker, Int32(SHUT_RDWR))
  }

  private func note(_ frame: [UInt8]) -> [UInt8]? {
    guard let (number, request) = KafkaRequest.parse(frame) else { return frame }
    if case .fetch(let fetch) = request.kind,
      let answer = leftovers.withLock({
        $0.answer(to: number, version: request.version, fetch)
      })
    {
      _ = write(answer.frame(), client)
      return nil
    }
    requests.withLock { $0[number] = request }
    return frame
  }

  private func mend(_ frame: [UInt8]) -> [UInt8]? {
    var reader = FrameReader(frame[...])
    guard let number = reader.integer(Int32.self),
      let request = requests.withLock({ $0.removeValue(forKey: number) })
    else { return frame }
    switch request.kind {
    case .fetch(let fetch):
      guard var answer = FetchAnswer(frame, version: request.version) else { return frame }
      if answer.isEmpty { return askAgain(number, request, fetch) ? nil : frame }
      for index in answer.partitions.indices {
        answer.partitions[index].forgetEndedTransactions()
      }
      leftovers.withLock { $0.keepWhatIsTooMuch(of: &answer, for: fetch) }
      return answer.frame()
    case .addresses: return AddressAnswer.mended(frame, from: ports.broker, to: ports.relay)
    case .versions: return VersionsAnswer.mended(frame, version: request.version) ?? frame
    }
  }

  /// Whether the client still waits for a record and the broker is asked again.
  private func askAgain(_ number: Int32, _ request: KafkaRequest, _ fetch: FetchRequest) -> Bool {
    guard ContinuousClock.now < fetch.deadline else { return false }
    usleep(Connection.pause)
    requests.withLock { $0[number] = request }
    return write(fetch.frame, broker)
  }

  // MARK: Frames

  private func read(_ descriptor: Int32) -> [UInt8]? {
    guard let head = read(descriptor, count: 4) else { return nil }
    var reader = FrameReader(head[...])
    guard let size = reader.integer(Int32.self), size >= 0 else { return nil }
    return read(descriptor, count: Int(size))
  }

  private func read(_ descriptor: Int32, count: Int) -> [UInt8]? {
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count {
        let got = recv(descriptor, buffer.baseAddress! + filled, count - filled, 0)
        if got <= 0 { return }
        filled += got
      }
    }
    return bytes.count == count ? bytes : nil
  }

  private func write(_ frame: [UInt8], _ descriptor: Int32) -> Bool {
    descriptor == client
      ? clientTurn.withLock { _ in send(frame, descriptor) }
      : brokerTurn.withLock { _ in send(frame, descriptor) }
  }

  private func send(_ frame: [UInt8], _ descriptor: Int32) -> Bool {
    var whole: [UInt8] = []
    whole.reserveCapacity(frame.count + 4)
    whole.append(bigEndian: Int32(frame.count))
    whole += frame
    return whole.withUnsafeBytes { bytes in
      var sent = 0
      while sent < bytes.count {
        let count = Glibc.send(
          descriptor, bytes.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
        if count <= 0 { return false }
        sent += count
      }
      return true
    }
  }
}
