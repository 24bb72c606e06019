import Foundation
import SQLSink

/// A new database, and a way to ask it that is not the program's own.
package struct TestDatabase: CustomStringConvertible, Sendable {
  package enum Kind: String, CaseIterable, Sendable { case sqlite, postgres }

  package let kind: Kind
  /// What `--to` takes.
  package let address: String

  package var description: String { kind.rawValue }

  package init(_ kind: Kind) throws {
    self.kind = kind
    switch kind {
    case .sqlite:
      let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sql-\(UUID())")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      address = "sqlite:\(folder.path)/tributary.db"
    case .postgres: address = try PostgresServer.shared.get().makeDatabase()
    }
  }

  /// One that is there already.
  package init(_ kind: Kind, at address: String) {
    self.kind = kind
    self.address = address
  }

  /// Takes the files away that a database left.
  package func remove() {
    guard kind == .sqlite else { return }
    let folder = URL(fileURLWithPath: String(address.dropFirst("sqlite:".count)))
      .deletingLastPathComponent()
    try? FileManager.default.removeItem(at: folder)
  }

  /// What the database's own shell says: one line a row, fields separated by `|`.
  package func ask(_ sql: String) throws -> String {
    switch kind {
    case .sqlite: try runTool("sqlite3", [String(address.dropFirst("sqlite:".count))], input: sql)
    case .postgres:
      try runTool("psql", [address, "--no-psqlrc", "-qAt", "-v", "ON_ERROR_STOP=1"], input: sql)
    }
  }

  /// Every row of every table, in a fixed order.
  package func dump() throws -> String {
    try [
      "SELECT * FROM rollups ORDER BY view, window_start, campaign_id, channel, ad_id",
      "SELECT * FROM attributions ORDER BY conversion_id",
      "SELECT * FROM tributary_offsets ORDER BY topic, partition",
      "SELECT * FROM tributary_progress ORDER BY partition",
    ].map { try ask($0 + ";") }.joined(separator: "\n--\n")
  }
}
