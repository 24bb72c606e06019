// Safety: `Sendable` because everything is set in `init`; the pipe's write end is used, and closed only once, behind a mutex.

import Glibc
import Synchronization

/// A Kafka broker on this machine: a `noida-db` of this process's own, for the demo and for tests.
///
/// The program is looked for in `TRIBUTARY_NOIDA_DB`, then `.venv/bin` of the package, then `PATH`.
/// The broker cannot outlive the process that started it, however that dies: a small shell holds the
/// broker and the reading end of a pipe, and ends the broker when the pipe closes.
public final class LocalBroker: Sendable {
  /// Why there is no broker.
  public struct Unavailable: Error, Sendable, CustomStringConvertible {
    public let description: String
  }

  /// `host:port`, for `bootstrap.servers`.
  public let bootstrapServers: String
  /// Whether it is this process's own `noida-db`, with its limits (docs: it expels no dead members, ends
  /// no transaction by time).
  public let isLocal: Bool

  private let process: Mutex<BrokerProcess?>
  /// Where `noida-db` itself listens.
  private let port: UInt16
  private let relay: FetchRelay?

  /// Starts a broker.
  ///
  /// - Parameters:
  ///   - port: where it listens, on 127.0.0.1; nil takes a free one.
  ///   - dataDirectory: where its data are and stay, with its log beside it; nil for a directory that goes
  ///     with it.
  public init(port: UInt16? = nil, dataDirectory: String? = nil) throws(Unavailable) {
    guard let executable = Self.executable() else {
      throw Unavailable(
        description: """
          the local broker, noida-db, is not installed: `scripts/demo` and `scripts/test` install \
          it, or run `python3 -m venv .venv && .venv/bin/pip install noida-db`
          """)
    }
    guard access(executable, X_OK) == 0 else {
      throw Unavailable(description: "TRIBUTARY_NOIDA_DB=\(executable) is not a program")
    }
    if let port, !LoopbackPort.isFree(port) {
      throw Unavailable(description: "port \(port) of 127.0.0.1 is taken")
    }
    self.port = try LoopbackPort.free()
    let relay = try FetchRelay(to: self.port, on: port)
    self.relay = relay
    process = Mutex(
      try BrokerProcess(executable, port: self.port, dataDirectory: dataDirectory))
    bootstrapServers = "127.0.0.1:\(relay.port)"
    isLocal = true
    guard Self.wait(until: { !LoopbackPort.isFree(self.port) }) else {
      stop()
      throw Unavailable(
        description: "\(executable) did not listen on port \(self.port) within 15 s")
    }
  }

  /// Somebody else's broker; never stopped.
  init(given bootstrapServers: String) {
    self.bootstrapServers = bootstrapServers
    isLocal = false
    port = 0
    relay = nil
    process = Mutex(nil)
  }

  deinit { stop() }

  /// The process that watches over a local broker, its parent.
  var supervisor: pid_t? { process.withLock { $0?.supervisor } }

  /// Ends a local broker, and removes its directory unless that was given, in the background. Idempotent.
  public func stop() {
    process.withLock { process in
      if let process { close(process.pipe) }
      process = nil
    }
    relay?.stop()
  }

  /// As `stop`, but returns when the broker and its directory are gone: a few seconds, or two minutes while it
  /// writes data that stay.
  public func stopAndWait() {
    let supervisor = supervisor
    stop()
    guard let supervisor else { return }
    while waitpid(supervisor, nil, 0) < 0, errno == EINTR {}
  }
}

// MARK: - Outages

extension LocalBroker {
  /// Ends a local broker with SIGTERM; ``start()`` brings it back with all its data.
  public func suspend() throws(Unavailable) {
    guard let relay else { preconditionFailure("somebody else's broker cannot be suspended") }
    // It goes on answering while it writes its data, and forgets what came after it began.
    relay.cut()
    tell("stop_broker")
    guard Self.wait(seconds: 120, until: { LoopbackPort.isFree(port) }) else {
      throw Unavailable(description: "the local broker still listens 2 min after SIGTERM")
    }
  }

  /// Starts a suspended broker again, on its port and with its data.
  public func start() throws(Unavailable) {
    tell("start_broker")
    guard Self.wait(seconds: 150, until: { !LoopbackPort.isFree(port) }) else {
      throw Unavailable(description: "the local broker does not listen again after 2.5 min")
    }
    relay?.restore()
  }

  private func tell(_ command: String) {
    process.withLock { process in
      guard let process else { return }
      _ = "\(command)\n".withCString { write(process.pipe, $0, strlen($0)) }
    }
  }
}

// MARK: - Finding it

extension LocalBroker {
  static func executable() -> String? {
    if let given = environment("TRIBUTARY_NOIDA_DB") { return given }
    let name = "noida-db"
    // The package's root is the directory of `Sources`, three above this file.
    var root = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    root.removeLast(3)
    var folders = ["\(root.joined(separator: "/"))/.venv/bin"]
    folders += (environment("PATH") ?? "").split(separator: ":").map(String.init)
    return folders.map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
  }

  static func environment(_ name: String) -> String? {
    guard let value = getenv(name), value.pointee != 0 else { return nil }
    return String(cString: value)
  }

  private static func wait(seconds: Int = 15, until condition: () -> Bool) -> Bool {
    for _ in 0..<(20 * seconds) {
      if condition() { return true }
      usleep(50_000)
    }
    return false
  }
}
