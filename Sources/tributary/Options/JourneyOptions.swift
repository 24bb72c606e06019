import ArgumentParser
import Foundation
import Journeys
import Readers
import Reporting
import SQLSink
import SQLite

/// Which journeys, and where they come from.
struct JourneyOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "SQLite file with session_sources, conversions, session_costs; default: the attributions topic.",
      valueName: "file"))
  var database: String?

  @Option(help: "First date of conversions, such as 2026-01-05; default: all.")
  var from: String?

  @Option(help: "Last date of conversions, included; default: all.")
  var to: String?

  @Option(help: ArgumentHelp("Days before a conversion that count; default: all.", valueName: "N"))
  var lookbackDays: Int?

  func validate() throws { _ = try selection }

  var selection: JourneySelection {
    get throws { try Self.selection(from: from, to: to, lookbackDays: lookbackDays) }
  }

  static func selection(
    from: String?, to: String?, lookbackDays: Int?
  ) throws -> JourneySelection {
    func day(_ text: String?, _ option: String) throws -> JourneyDay? {
      guard let text else { return nil }
      guard let day = JourneyDay(NamedDay.resolved(text, .utc)) else {
        throw ValidationError("\(option) \(text) is no date such as 2026-01-05 or yesterday.")
      }
      return day
    }
    let (first, last) = (try day(from, "--from"), try day(to, "--to"))
    if let first, let last, last < first {
      throw ValidationError("--to must not be before --from.")
    }
    if let lookbackDays, !(0...100_000).contains(lookbackDays) {
      throw ValidationError("--lookback-days must be from 0 to 100000.")
    }
    return JourneySelection(from: first, through: last, lookbackDays: lookbackDays)
  }

  /// The input, and its file if it has one.
  func source(
    _ options: GlobalOptions
  ) throws -> (source: any JourneySource, file: SQLiteDatabase?) {
    if let database {
      let file = try SQLiteDatabase(database, .existing)
      return (try JourneyDatabase(file), file)
    }
    let settings = try options.load()
    let records = AttributionTopic(settings, logger: options.makeLogger())
    return (try AttributionsInput.source(records), nil)
  }
}

/// Where the result tables are.
struct JourneyResultsOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "sqlite:FILE or postgres://user@host/database; default: the file of --database.",
      valueName: "database"))
  var results: String?

  func validate() throws {
    if let results, SQLTarget(results) == nil {
      throw ValidationError("--results must be sqlite:FILE or postgres://user@host/database.")
    }
  }

  func checkIsNamed() throws {
    if results == nil {
      throw ValidationError("--results is missing: sqlite:FILE or postgres://user@host/database.")
    }
  }

  /// Opens the tables' database; creates a SQLite file that is not there.
  ///
  /// - Parameter input: the file of the input, whose connection serves for both if they are the same.
  func results(beside input: SQLiteDatabase?) throws -> any JourneyResults {
    switch results.flatMap({ SQLTarget($0) }) {
    case nil: return SQLiteResults(input!)
    case .postgres(let address): return try PostgresResults(address)
    case .sqlite(let path):
      if let input, Self.isSameFile(path, input.path) { return SQLiteResults(input) }
      return SQLiteResults(try SQLiteDatabase(path, .readWrite))
    }
  }

  /// As `results`; nil if the file is not there.
  func existingResults(beside input: SQLiteDatabase?) throws -> (any JourneyResults)? {
    if case .sqlite(let path) = results.flatMap({ SQLTarget($0) }),
      !FileManager.default.fileExists(atPath: path)
    {
      return nil
    }
    if results == nil, input == nil { return nil }
    return try results(beside: input)
  }

  private static func isSameFile(_ left: String, _ right: String) -> Bool {
    var (first, second) = (stat(), stat())
    return stat(left, &first) == 0 && stat(right, &second) == 0
      && first.st_dev == second.st_dev && first.st_ino == second.st_ino
  }
}

extension AttributionTopic: AttributionRecords {}

/// Lines on standard error about single journeys; of very many, the last ones are only counted.
final class JourneyNotes {
  private static let limit = 200
  private var count = 0

  func add(_ line: String) {
    count += 1
    if count <= Self.limit { Self.print(line) }
  }

  /// Says how many lines were left out.
  func finish() {
    if count > Self.limit { Self.print("and \(count - Self.limit) more such lines") }
  }

  static func print(_ text: String) {
    let start = isatty(STDERR_FILENO) == 1 ? "\r\u{1B}[K" : ""
    FileHandle.standardError.write(Data("\(start)\(text)\n".utf8))
  }
}
