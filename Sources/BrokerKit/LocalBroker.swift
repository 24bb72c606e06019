// Safety: the C strings given to `posix_spawn` are freed after it has copied them. `Sendable` because
// everything is set in `init`; the pipe's write end is used, and closed only once, behind a mutex.

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

  private let lifeline: Mutex<Lifeline?>
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
    if let port, !Self.isFree(port: port) {
      throw Unavailable(description: "port \(port) of 127.0.0.1 is taken")
    }
    self.port = try Self.freePort()
    let relay = try FetchRelay(to: self.port, on: port)
    self.relay = relay
    lifeline = Mutex(try Self.start(executable, port: self.port, dataDirectory: dataDirectory))
    bootstrapServers = "127.0.0.1:\(relay.port)"
    isLocal = true
    guard Self.wait(until: { !Self.isFree(port: self.port) }) else {
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
    lifeline = Mutex(nil)
  }

  deinit { stop() }

  /// The process that watches over a local broker, its parent.
  var guardian: pid_t? { lifeline.withLock { $0?.guardian } }

  /// Ends a local broker, and removes its directory unless that was given, in the background. Idempotent.
  public func stop() {
    lifeline.withLock { lifeline in
      if let lifeline { close(lifeline.pipe) }
      lifeline = nil
    }
    relay?.stop()
  }

  /// As `stop`, but returns when the broker and its directory are gone: a few seconds, or two minutes while it
  /// writes data that stay.
  public func stopAndWait() {
    let guardian = guardian
    stop()
    guard let guardian else { return }
    while waitpid(guardian, nil, 0) < 0, errno == EINTR {}
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
    guard Self.wait(seconds: 120, until: { Self.isFree(port: port) }) else {
      throw Unavailable(description: "the local broker still listens 2 min after SIGTERM")
    }
  }

  /// Starts a suspended broker again, on its port and with its data.
  public func start() throws(Unavailable) {
    tell("start_broker")
    guard Self.wait(seconds: 150, until: { !Self.isFree(port: port) }) else {
      throw Unavailable(description: "the local broker does not listen again after 2.5 min")
    }
    relay?.restore()
  }

  private func tell(_ command: String) {
    lifeline.withLock { lifeline in
      guard let lifeline else { return }
      _ = "\(command)\n".withCString { write(lifeline.pipe, $0, strlen($0)) }
    }
  }
}

// MARK: - For tests

extension LocalBroker {
  private static let started = Result { () throws(Unavailable) -> LocalBroker in
    if let given = environment("TRIBUTARY_TEST_BOOTSTRAP") { return LocalBroker(given: given) }
    return try LocalBroker()
  }

  /// The broker that all tests of this process share: the one of `TRIBUTARY_TEST_BOOTSTRAP`, or a
  /// local one, started on first use.
  public static func shared() throws(Unavailable) -> LocalBroker {
    try started.get()
  }

  /// Whether tests that need a broker can run here. Starts nothing.
  public static var isAvailable: Bool {
    environment("TRIBUTARY_TEST_BOOTSTRAP") != nil || executable() != nil
  }

  /// A name no other test uses, on this broker or a shared one.
  public static func uniqueName(_ prefix: String) -> String {
    "\(prefix)-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
  }
}

// MARK: - Starting

extension LocalBroker {
  /// What keeps the broker alive, and who watches over it.
  private struct Lifeline {
    var pipe: Int32
    var guardian: pid_t
  }

  /// Starts and stops its broker (all of its process group) as the lines of its standard input say;
  /// when that closes, stops it and removes the data if they are temporary. The broker must not inherit the
  /// ignored signals. Killed while it writes its data it would lose some: it has two minutes for those that
  /// stay, else three seconds.
  private static let guardian = """
    program=$0 port=$1 data=$2 log=$3 temporary=$4 patience=1200
    start_broker() {
      (
        trap - INT TERM HUP
        exec setsid "$program" start --only kafka --kafka-port "$port" --host 127.0.0.1 \
          --data-dir "$data" </dev/null >>"$log" 2>&1
      ) &
      broker=$!
    }
    stop_broker() {
      kill -s TERM -- "-$broker"
      tries=$patience
      while kill -s 0 -- "-$broker"; do
        [ "$tries" -gt 0 ] || { kill -s KILL -- "-$broker"; break; }
        tries=$((tries - 1))
        sleep 0.1
      done
    }
    trap '' INT TERM HUP
    start_broker
    while read -r command; do "$command"; done
    [ -z "$temporary" ] || patience=30
    stop_broker
    [ -z "$temporary" ] || rm -rf "$temporary"
    """

  /// A directory for one broker.
  private static func temporaryDirectory() throws(Unavailable) -> String {
    var template = Array("\(environment("TMPDIR") ?? "/tmp")/tributary-broker-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw Unavailable(description: "no temporary directory: errno \(errno)")
    }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Starts the guardian and its broker.
  private static func start(
    _ executable: String, port: UInt16, dataDirectory: String?
  ) throws(Unavailable) -> Lifeline {
    let temporary = dataDirectory == nil ? try temporaryDirectory() : ""
    let data = dataDirectory ?? "\(temporary)/data"
    let log = "\(data).log"

    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else {
      throw Unavailable(description: "no pipe: errno \(errno)")
    }
    // No other child may hold the pipe open.
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, ends[0], 0)
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    // Nor anybody else's descriptor: Foundation takes the end of one for a child's death, and a broker that
    // inherited it would keep the waiting for that child from ever ending. Closing one that is not open
    // does no harm.
    for descriptor in Int32(3)..<1_024 {
      posix_spawn_file_actions_addclose(&actions, descriptor)
    }

    let arguments = ["sh", "-c", guardian, executable, "\(port)", data, log, temporary]
    var argumentPointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
    argumentPointers.append(nil)
    defer { for pointer in argumentPointers { free(pointer) } }

    var process: pid_t = 0
    var attributes = Self.detached()
    defer { posix_spawnattr_destroy(&attributes) }
    let failure = posix_spawn(
      &process, "/bin/sh", &actions, &attributes, argumentPointers, environ)
    close(ends[0])
    guard failure == 0 else {
      close(ends[1])
      throw Unavailable(description: "cannot start /bin/sh: errno \(failure)")
    }
    return Lifeline(pipe: ends[1], guardian: process)
  }

  /// A process group of its own, so that Ctrl-C does not reach it, and signals as they are by
  /// default, whatever this process ignores.
  private static func detached() -> posix_spawnattr_t {
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    for signal in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, signal) }
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(
      &attributes,
      Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
    return attributes
  }

  private static func executable() -> String? {
    if let given = environment("TRIBUTARY_NOIDA_DB") { return given }
    let name = "noida-db"
    // The package's root is the directory of `Sources`, three above this file.
    var root = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    root.removeLast(3)
    var folders = ["\(root.joined(separator: "/"))/.venv/bin"]
    folders += (environment("PATH") ?? "").split(separator: ":").map(String.init)
    return folders.map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
  }

  private static func environment(_ name: String) -> String? {
    guard let value = getenv(name), value.pointee != 0 else { return nil }
    return String(cString: value)
  }
}

// MARK: - Ports

extension LocalBroker {
  private static func loopback(port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return address
  }

  private static func withSocket<Value>(
    to port: UInt16, _ body: (Int32, UnsafeMutablePointer<sockaddr>, socklen_t) -> Value
  ) -> Value {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    return withAddress(of: port) { body(descriptor, $0, $1) }
  }

  private static func withAddress<Value>(
    of port: UInt16, _ body: (UnsafeMutablePointer<sockaddr>, socklen_t) -> Value
  ) -> Value {
    var address = loopback(port: port)
    return withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  /// A port nobody listens on at this moment.
  private static func freePort() throws(Unavailable) -> UInt16 {
    let port = withSocket(to: 0) { descriptor, address, size -> UInt16 in
      var size = size
      guard bind(descriptor, address, size) == 0, getsockname(descriptor, address, &size) == 0
      else { return 0 }
      return address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
        UInt16(bigEndian: $0.pointee.sin_port)
      }
    }
    guard port != 0 else { throw Unavailable(description: "no free port: errno \(errno)") }
    return port
  }

  /// A socket that listens on a port of 127.0.0.1; nil takes a free one.
  static func listen(on port: UInt16?) throws(Unavailable) -> (descriptor: Int32, port: UInt16) {
    let port = if let port { port } else { try freePort() }
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    // A port whose last connections have just ended is free.
    var isReused: Int32 = 1
    setsockopt(
      descriptor, SOL_SOCKET, SO_REUSEADDR, &isReused, socklen_t(MemoryLayout<Int32>.size))
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    let isListening = withAddress(of: port) { address, size in
      bind(descriptor, address, size) == 0 && Glibc.listen(descriptor, 128) == 0
    }
    guard isListening else {
      close(descriptor)
      throw Unavailable(description: "cannot listen on port \(port): errno \(errno)")
    }
    return (descriptor, port)
  }

  /// A connection to a port of 127.0.0.1; nil when nobody listens there.
  static func connect(to port: UInt16) -> Int32? {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    if withAddress(of: port, { Glibc.connect(descriptor, $0, $1) == 0 }) { return descriptor }
    close(descriptor)
    return nil
  }

  private static func isFree(port: UInt16) -> Bool {
    withSocket(to: port) { Glibc.connect($0, $1, $2) != 0 }
  }

  private static func wait(seconds: Int = 15, until condition: () -> Bool) -> Bool {
    for _ in 0..<(20 * seconds) {
      if condition() { return true }
      usleep(50_000)
    }
    return false
  }
}
