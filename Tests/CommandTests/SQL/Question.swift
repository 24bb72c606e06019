import Foundation
import TestServers

/// The queries in Deploy/sql, asked as their own comments say.
enum Question {
  private static func folder(_ kind: TestDatabase.Kind) -> URL {
    DocumentTests.root.appendingPathComponent("Deploy/sql/\(kind.rawValue)")
  }

  /// The names of the queries in a folder.
  static func names(_ folder: String, _ kind: TestDatabase.Kind) throws -> [String] {
    try FileManager.default.contentsOfDirectory(
      atPath: self.folder(kind).appendingPathComponent(folder).path
    ).filter { $0.hasSuffix(".sql") }.map { String($0.dropLast(4)) }.sorted()
  }

  /// Asks one; gives back its rows, fields separated.
  static func rows(
    _ name: String, _ database: TestDatabase, _ parameters: [String: String]
  ) throws -> [[String]] {
    let file = folder(database.kind).appendingPathComponent("\(name).sql").path
    let output =
      switch database.kind {
      case .sqlite:
        try runTool(
          "sqlite3",
          [String(database.address.dropFirst("sqlite:".count))]
            + parameters.map { ".param set :\($0) \"'\($1)'\"" } + [".read \(file)"])
      case .postgres:
        try runTool(
          "psql",
          [database.address, "--no-psqlrc", "-qAt", "-v", "ON_ERROR_STOP=1"]
            + parameters.flatMap { ["-v", "\($0)=\($1)"] } + ["-f", file])
      }
    return output.split(separator: "\n").map {
      $0.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
    }
  }

  /// An amount with six digits, in millionths.
  static func micros(_ text: String) -> Int64 {
    let parts = text.split(separator: ".")
    return Int64(parts[0])! * 1_000_000 + Int64(parts[1])!
  }
}
