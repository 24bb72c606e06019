// Safety: owns one `PGconn` until `close`, and is used by one thread. Every `PGresult` is cleared in
// the function that asked for it; text is lent to libpq for one call, which copies it.

internal import CPostgreSQL
internal import Glibc

/// A connection to a PostgreSQL server.
///
/// No call waits for the network without looking up: a server that is gone is noticed within a minute, and
/// an interruption ends a statement within seconds.
package final class PostgresConnection {
  private var handle: OpaquePointer?
  private let address: PostgresAddress
  private let interruption: SQLInterruption
  /// How long a statement may go on once nobody waits for it, and then for its cancellation.
  private static let grace = Duration.seconds(3)
  /// When the open statement is cancelled.
  private var cancelAt: ContinuousClock.Instant?

  /// What the address does not say itself. The last three find out that a server is gone which does not say goodbye.
  private static let defaults = [
    ("application_name", "tributary"), ("connect_timeout", "10"), ("keepalives_idle", "15"),
    ("keepalives_interval", "5"), ("keepalives_count", "3"), ("tcp_user_timeout", "30000"),
  ]

  /// - Parameters:
  ///   - address: libpq's connection string; errors do not repeat it.
  ///   - interruption: when it is raised, statements end early.
  package init(
    _ address: String, interruption: SQLInterruption = SQLInterruption()
  ) throws(SQLError) {
    self.address = try PostgresAddress(address)
    self.interruption = interruption
    // What comes later wins. The encoding goes with the first message, because a setting of the session would be one
    // too many for a pooler.
    let settings = Self.defaults + [("dbname", address), ("client_encoding", "UTF8")]
    let names = settings.map { strdup($0.0) } + [nil]
    let values = settings.map { strdup($0.1) } + [nil]
    defer { for pointer in names + values { free(pointer) } }
    handle = PQconnectdbParams(
      names.map { UnsafePointer<CChar>($0) }, values.map { UnsafePointer<CChar>($0) }, 1)
    guard PQstatus(handle) == CONNECTION_OK else {
      let reason = message
      close()
      throw .disconnected(reason)
    }
    PQsetNoticeProcessor(handle, { _, _ in }, nil)
    PQsetnonblocking(handle, 1)
  }

  deinit { close() }

  package func close() {
    PQfinish(handle)
    handle = nil
  }

  /// Runs one statement and gives back its rows as text; null reads as "".
  ///
  /// - Parameter parameters: for `$1`, `$2` …
  @discardableResult
  package func run(_ sql: String, _ parameters: [String] = []) throws(SQLError) -> [[String]] {
    let pointers = parameters.map { strdup($0) }
    defer { for pointer in pointers { free(pointer) } }
    let isSent = PQsendQueryParams(
      handle, sql, Int32(parameters.count), nil, pointers.map { UnsafePointer<CChar>($0) }, nil,
      nil, 0)
    guard isSent == 1 else { throw failure(nil) }
    let result = try lastResult()
    defer { PQclear(result) }
    let status = PQresultStatus(result)
    guard status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK else { throw failure(result) }
    return (0..<PQntuples(result)).map { row in
      (0..<PQnfields(result)).map { String(cString: PQgetvalue(result, row, $0)) }
    }
  }

  /// Fills a table by `COPY … FROM STDIN` with lines in PostgreSQL's text format.
  func copy(into table: String, _ lines: [UInt8]) throws(SQLError) {
    guard PQsendQuery(handle, "COPY \(table) FROM STDIN") == 1 else { throw failure(nil) }
    let started = try nextResult()
    defer { PQclear(started) }
    guard PQresultStatus(started) == PGRES_COPY_IN else {
      let failure = failure(started)
      PQclear(try lastResult())
      throw failure
    }
    var offset = 0
    while offset < lines.count {
      let count = min(lines.count - offset, 1 << 18)
      let sent = lines.withUnsafeBytes { bytes in
        PQputCopyData(
          handle, bytes.baseAddress!.advanced(by: offset).assumingMemoryBound(to: CChar.self),
          Int32(count))
      }
      guard sent >= 0 else { throw failure(nil) }
      if sent == 1 { offset += count }
      try flush()
    }
    while true {
      let sent = PQputCopyEnd(handle, nil)
      guard sent >= 0 else { throw failure(nil) }
      if sent == 1 { break }
      try flush()
    }
    let result = try lastResult()
    defer { PQclear(result) }
    guard PQresultStatus(result) == PGRES_COMMAND_OK else { throw failure(result) }
  }

  // MARK: Waiting

  /// The open statement's result. Until there are no more, the connection takes no other statement.
  private func lastResult() throws(SQLError) -> OpaquePointer? {
    var last: OpaquePointer?
    while true {
      let next: OpaquePointer?
      do throws(SQLError) { next = try nextResult() } catch {
        PQclear(last)
        throw error
      }
      guard let next else { return last }
      // What went wrong first is what matters.
      if last != nil, PQresultStatus(last) == PGRES_FATAL_ERROR {
        PQclear(next)
      } else {
        PQclear(last)
        last = next
      }
    }
  }

  /// The next result of the open statement; nil when it has none any more.
  private func nextResult() throws(SQLError) -> OpaquePointer? {
    try flush()
    while PQisBusy(handle) == 1 { try wait(for: POLLIN) }
    return PQgetResult(handle)
  }

  /// Sends what libpq holds back.
  private func flush() throws(SQLError) {
    while true {
      switch PQflush(handle) {
      case 0: return
      case 1: try wait(for: POLLIN | POLLOUT)
      default: throw failure(nil)
      }
    }
  }

  /// Waits until the server can be talked to again, and takes in what it has said.
  private func wait(for events: Int32) throws(SQLError) {
    guard PQsocket(handle) >= 0 else { throw failure(nil) }
    var request = pollfd(fd: PQsocket(handle), events: Int16(events), revents: 0)
    guard poll(&request, 1, 200) == 0 else {
      if PQconsumeInput(handle) == 0 { throw failure(nil) }
      return
    }
    guard interruption.isRaised else { return }
    let deadline = cancelAt ?? .now + Self.grace
    if cancelAt == nil { cancelAt = deadline }
    if ContinuousClock.now < deadline { return }
    if ContinuousClock.now < deadline + Self.grace {
      cancel()
    } else {
      throw .disconnected("it did not answer until the end of the program")
    }
  }

  /// Asks the server to give the open statement up. Anew each time, because the first may have come too early.
  private func cancel() {
    guard let cancel = PQgetCancel(handle) else { return }
    // By way of a connection of its own, for which nobody here waits.
    var thread = pthread_t()
    let isStarted = pthread_create(
      &thread, nil,
      { argument in
        let cancel = OpaquePointer(argument)
        var reason = [CChar](repeating: 0, count: 256)
        PQcancel(cancel, &reason, 256)
        PQfreeCancel(cancel)
        return nil
      }, UnsafeMutableRawPointer(cancel))
    if isStarted == 0 { pthread_detach(thread) } else { PQfreeCancel(cancel) }
  }

  // MARK: Failures

  private func failure(_ result: OpaquePointer?) -> SQLError {
    guard PQstatus(handle) == CONNECTION_OK else { return .disconnected(message) }
    let state = PQresultErrorField(result, Int32(UInt8(ascii: "C"))).map { String(cString: $0) }
    let text = PQresultErrorMessage(result).map { String(cString: $0) } ?? ""
    let reason = text.isEmpty ? message : line(text)
    return state.map(SQLState.isTransient) ?? false ? .transient(reason) : .failed(reason)
  }

  private var message: String {
    line(PQerrorMessage(handle).map { String(cString: $0) } ?? "out of memory")
  }

  private func line(_ text: String) -> String {
    address.redacted(text.split(separator: "\n").joined(separator: " "))
  }
}
