import BrokerKit
import Foundation
import SQLSink

/// A new database, and a way to ask it that is not the program's own.
struct TestDatabase: CustomStringConvertible, Sendable {
  enum Kind: String, CaseIterable, Sendable { case sqlite, postgres }

  let kind: Kind
  /// What `--to` takes.
  let address: String

  var description: String { kind.rawValue }

  init(_ kind: Kind) throws {
    self.kind = kind
    switch kind {
    case .sqlite:
      let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sql-\(UUID())")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      address = "sqlite:\(folder.path)/tributary.db"
    case .postgres: address = try PostgresServer.shared.get().makeDatabase()
    }
  }

  /// Takes the files away that a database left.
  func remove() {
    guard kind == .sqlite else { return }
    let folder = URL(fileURLWithPath: String(address.dropFirst("sqlite:".count)))
      .deletingLastPathComponent()
    try? FileManager.default.removeItem(at: folder)
  }

  /// What the database's own shell says: one line a row, fields separated by `|`.
  func ask(_ sql: String) throws -> String {
    switch kind {
    case .sqlite: try shell("sqlite3", [String(address.dropFirst("sqlite:".count))], input: sql)
    case .postgres:
      try shell("psql", [address, "--no-psqlrc", "-qAt", "-v", "ON_ERROR_STOP=1"], input: sql)
    }
  }

  /// Every row of every table, in a fixed order.
  func dump() throws -> String {
    try [
      "SELECT * FROM rollups ORDER BY view, window_start, campaign_id, channel, ad_id",
      "SELECT * FROM attributions ORDER BY conversion_id",
      "SELECT * FROM tributary_offsets ORDER BY topic, partition",
      "SELECT * FROM tributary_progress ORDER BY partition",
    ].map { try ask($0 + ";") }.joined(separator: "\n--\n")
  }

  private func shell(_ program: String, _ arguments: [String], input: String) throws -> String {
    try runTool(program, arguments, input: input)
  }
}

/// A tool that could not do its work.
struct ToolFailure: Error, CustomStringConvertible {
  let description: String
}

/// Runs a program that is on the path; gives back its output.
func runTool(_ program: String, _ arguments: [String], input: String = "") throws -> String {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tool-\(UUID())")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  func file(_ name: String, _ text: String = "") throws -> URL {
    let url = folder.appendingPathComponent(name)
    try Data(text.utf8).write(to: url)
    return url
  }
  let output = try file("output")
  let errors = try file("errors")
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = [program] + arguments
  process.standardInput = try FileHandle(forReadingFrom: try file("input", input))
  process.standardOutput = try FileHandle(forWritingTo: output)
  process.standardError = try FileHandle(forWritingTo: errors)
  try process.run()
  process.waitUntilExit()
  guard process.terminationStatus == 0 else {
    throw ToolFailure(
      description: "\(program): \(String(decoding: try Data(contentsOf: errors), as: UTF8.self))")
  }
  return String(decoding: try Data(contentsOf: output), as: UTF8.self)
}
