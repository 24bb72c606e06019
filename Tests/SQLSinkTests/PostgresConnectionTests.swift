import Foundation
import TestServers
import Testing

@testable import SQLSink

/// A connection to PostgreSQL whose server, locks or addresses are not as they should be.
@Suite(.serialized) struct PostgresConnectionTests {
  @Test func errorsNeverHoldPasswords() throws {
    let server = try PostgresServer.shared.get()
    for address in [
      // Parts of these are what libpq's own words would quote.
      "postgres://me:top%zzsecret@127.0.0.1/db", "postgres://me:top@secret@127.0.0.1/db",
      "postgres://me:topsecret@127.0.0.1:\(server.port)/no-such-database",
      "postgres://me:topsecret@127.0.0.1:1/db", "postgres://127.0.0.1:x/db?password=topsecret",
      "postgres://me@127.0.0.1:\(server.port)/db?sslmode=require&password=topsecret",
      "postgres://me:topsecret@127.0.0.1/db?nonsense=secret",
    ] {
      do throws(SQLError) {
        _ = try PostgresConnection(address)
        Issue.record("\(address) has connected")
      } catch {
        #expect(!"\(error)".contains("secret") && !"\(error)".contains("top"), "\(error)")
      }
    }
  }

  @Test func whatTheAddressSaysWinsOverTheDefaults() throws {
    let database = try TestDatabase(.postgres)
    func name(_ query: String) throws -> String {
      let connection = try PostgresConnection(database.address + query)
      defer { connection.close() }
      return try connection.run("SELECT current_setting('application_name')")[0][0]
    }
    #expect(try name("") == "tributary")
    #expect(try name("?application_name=mine&connect_timeout=3&keepalives=0") == "mine")
  }

  @Test func anInterruptionEndsAStatementWithinSeconds() throws {
    let database = try TestDatabase(.postgres)
    let interruption = SQLInterruption()
    let connection = try PostgresConnection(database.address, interruption: interruption)
    defer { connection.close() }
    interruption.raise()
    // One that is short is not disturbed.
    #expect(try connection.run("SELECT 1 FROM pg_sleep(1)") == [["1"]])
    let began = ContinuousClock.now
    #expect {
      try connection.run("SELECT pg_sleep(60)")
    } throws: { error in
      guard case SQLError.transient(let reason) = error else { return false }
      return reason.contains("user request")
    }
    #expect(began.duration(to: .now) < .seconds(6))
    // And the connection is as good as before.
    #expect(try connection.run("SELECT 2") == [["2"]])
  }

  @Test func whatMayGoWellLaterIsToldFromWhatNeverWill() throws {
    let database = try TestDatabase(.postgres)
    let connection = try PostgresConnection(database.address)
    defer { connection.close() }
    func error(_ statement: String) -> SQLError? {
      do throws(SQLError) { try connection.run(statement) } catch { return error }
      return nil
    }
    func raise(_ code: String) -> SQLError? {
      error("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '\(code)'; END $$")
    }
    for code in ["40P01", "40001", "55P03", "25006", "57P03", "53100", "53300", "57014", "08006"] {
      #expect(raise(code)?.isTransient == true, "\(code)")
    }
    for code in ["23505", "42501", "42P01", "22001", "40002", "57P04", "P0001", "XX000"] {
      #expect(raise(code)?.isTransient == false, "\(code)")
    }
    #expect(error("SELECT nonsense")?.isTransient == false)
    #expect(throws: SQLError.self) { try connection.copy(into: "nothing", Array("x\n".utf8)) }
    try connection.run("CREATE TABLE numbers (number INTEGER)")
    #expect(throws: SQLError.self) { try connection.copy(into: "numbers", Array("x\n".utf8)) }
    // More than fits any buffer.
    let lines = Array(String(repeating: "12345\n", count: 2_000_000).utf8)
    try connection.copy(into: "numbers", lines)
    #expect(try connection.run("SELECT count(*) FROM numbers") == [["2000000"]])
    // The end of the session is one of the connection.
    #expect {
      try connection.run("SELECT pg_terminate_backend(pg_backend_pid())")
    } throws: { error in
      guard case SQLError.disconnected = error else { return false }
      return true
    }
  }
}
