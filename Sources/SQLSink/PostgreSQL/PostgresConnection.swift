// Safety: owns one `PGconn` until `close`, and is used by one thread. Every `PGresult` is cleared in
// the function that asked for it; text is lent to libpq for one call, which copies it.

internal import CPostgreSQL
internal import Glibc

/// A connection to a PostgreSQL server.
package final class PostgresConnection {
  private var handle: OpaquePointer?

  /// - Parameter address: libpq's connection string; errors do not repeat it.
  package init(_ address: String) throws(SQLError) {
    // With the first message, because a setting of the session would be one too many for a pooler.
    let names: [UnsafeMutablePointer<CChar>?] = [strdup("dbname"), strdup("client_encoding"), nil]
    let values: [UnsafeMutablePointer<CChar>?] = [strdup(address), strdup("UTF8"), nil]
    defer { for pointer in names + values { free(pointer) } }
    handle = PQconnectdbParams(
      names.map { UnsafePointer<CChar>($0) }, values.map { UnsafePointer<CChar>($0) }, 1)
    guard PQstatus(handle) == CONNECTION_OK else {
      let reason = message
      close()
      throw .disconnected(reason)
    }
    PQsetNoticeProcessor(handle, { _, _ in }, nil)
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
    let result = PQexecParams(
      handle, sql, Int32(parameters.count), nil, pointers.map { UnsafePointer<CChar>($0) }, nil,
      nil, 0)
    defer { PQclear(result) }
    let status = PQresultStatus(result)
    guard status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK else { throw failure }
    return (0..<PQntuples(result)).map { row in
      (0..<PQnfields(result)).map { String(cString: PQgetvalue(result, row, $0)) }
    }
  }

  /// Fills a table by `COPY … FROM STDIN` with lines in PostgreSQL's text format.
  func copy(into table: String, _ lines: [UInt8]) throws(SQLError) {
    let started = PQexec(handle, "COPY \(table) FROM STDIN")
    defer { PQclear(started) }
    guard PQresultStatus(started) == PGRES_COPY_IN else { throw failure }
    var offset = 0
    while offset < lines.count {
      let count = min(lines.count - offset, 1 << 20)
      let sent = lines.withUnsafeBytes { bytes in
        PQputCopyData(
          handle, bytes.baseAddress!.advanced(by: offset).assumingMemoryBound(to: CChar.self),
          Int32(count))
      }
      guard sent == 1 else { throw failure }
      offset += count
    }
    guard PQputCopyEnd(handle, nil) == 1 else { throw failure }
    let result = PQgetResult(handle)
    defer { PQclear(result) }
    let isComplete = PQresultStatus(result) == PGRES_COMMAND_OK
    // Until there are no more results, the connection takes no other statement.
    while let rest = PQgetResult(handle) { PQclear(rest) }
    guard isComplete else { throw failure }
  }

  private var failure: SQLError {
    PQstatus(handle) == CONNECTION_OK ? .failed(message) : .disconnected(message)
  }

  private var message: String {
    let text = PQerrorMessage(handle).map { String(cString: $0) } ?? "out of memory"
    return text.split(separator: "\n").joined(separator: " ")
  }
}
