/// PostgreSQL's error codes (https://www.postgresql.org/docs/current/errcodes-appendix.html).
enum SQLState {
  /// Whether the same transaction may succeed later, on another connection: nothing is wrong with it.
  static func isTransient(_ code: String) -> Bool {
    // Connections; too little of something, such as room on a disk; transactions that stood in each other's way.
    if ["08", "53"].contains(code.prefix(2)) { return true }
    return [
      "40001",  // serialization_failure
      "40003",  // statement_completion_unknown
      "40P01",  // deadlock_detected
      "25006",  // read_only_sql_transaction: the server has become a replica
      "25P03",  // idle_in_transaction_session_timeout
      "55P03",  // lock_not_available
      "57014",  // query_canceled, by statement_timeout or by somebody
      "57P01",  // admin_shutdown
      "57P02",  // crash_shutdown
      "57P03",  // cannot_connect_now
      "57P05",  // idle_session_timeout
    ].contains(code)
  }
}
