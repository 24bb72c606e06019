// Safety: the C strings given to `posix_spawn` are freed after it has copied them.

import Glibc

/// A `noida-db`, and the shell that supervises it: ends it when the pipe to it closes.
struct BrokerProcess {
  /// Commands to the supervising shell; the broker ends when it closes.
  let pipe: Int32
  let supervisor: pid_t

  /// Starts and stops its broker (all of its process group) as the lines of its standard input say;
  /// when that closes, stops it and removes the data if they are temporary. The broker must not inherit the
  /// ignored signals. Killed while it writes its data it would lose some: it has two minutes for those that
  /// stay, else three seconds.
  private static let script = """
    program=$0 port=$1 data=$2 log=$3 temporary=$4 limit=1200
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
      tries=$limit
      while kill -s 0 -- "-$broker"; do
        [ "$tries" -gt 0 ] || { kill -s KILL -- "-$broker"; break; }
        tries=$((tries - 1))
        sleep 0.1
      done
    }
    trap '' INT TERM HUP
    start_broker
    while read -r command; do "$command"; done
    [ -z "$temporary" ] || limit=30
    stop_broker
    [ -z "$temporary" ] || rm -rf "$temporary"
    """

  /// A directory for one broker.
  private static func temporaryDirectory() throws(LocalBroker.Unavailable) -> String {
    var template = Array(
      "\(LocalBroker.environment("TMPDIR") ?? "/tmp")/tributary-broker-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw LocalBroker.Unavailable(description: "no temporary directory: errno \(errno)")
    }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Starts the shell and its broker.
  init(_ executable: String, port: UInt16, dataDirectory: String?) throws(LocalBroker.Unavailable) {
    let temporary = dataDirectory == nil ? try Self.temporaryDirectory() : ""
    let data = dataDirectory ?? "\(temporary)/data"
    let log = "\(data).log"

    var ends: [Int32] = [0, 0]
    guard Glibc.pipe(&ends) == 0 else {
      throw LocalBroker.Unavailable(description: "no pipe: errno \(errno)")
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

    let arguments = ["sh", "-c", Self.script, executable, "\(port)", data, log, temporary]
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
      throw LocalBroker.Unavailable(description: "cannot start /bin/sh: errno \(failure)")
    }
    self.pipe = ends[1]
    supervisor = process
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
}
