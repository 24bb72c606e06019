import ArgumentParser
import Attribution
import Files

/// Which files to read, and what is in them.
struct FileOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "Files, or folders of them: JSON lines, CSV or TSV with a header (each also with .gz), SQLite.",
      valueName: "file"))
  var paths: [String]

  @Option(
    help: ArgumentHelp(
      "What all files hold: impressions, clicks, conversions or costs; default: by their names.",
      valueName: "kind"))
  var kind: String?

  @Option(
    help: ArgumentHelp(
      "The column that holds a field: user_id=customer, or for one kind only, "
        + "conversions.event_id=order_id; repeatable.",
      valueName: "field=column"))
  var map: [String] = []

  func validate() throws {
    if paths.isEmpty { throw ValidationError("name files, or a folder of them") }
    if let kind, EventKind(inputName: kind) == nil {
      throw ValidationError(
        "--kind \(kind): there are impressions, clicks, conversions and costs.")
    }
  }

  var eventKind: EventKind? { kind.flatMap { EventKind(inputName: $0) } }

  /// - Parameter definitions: whose extra fields files may hold.
  func columnMap(_ definitions: Definitions) throws -> ColumnMap {
    do { return try ColumnMap(map, definitions) } catch { throw ValidationError("\(error)") }
  }
}
