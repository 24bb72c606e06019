import ArgumentParser
import Attribution
import Configuration
import Files

/// Which files to read, what is in them, and how they are written.
struct FileOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "Files, or folders of them: JSON lines, a JSON array, CSV, TSV (each also packed with gzip or zstd), "
        + "SQLite.",
      valueName: "file"))
  var paths: [String] = []

  @Option(
    help: ArgumentHelp(
      "What all files hold: impressions, clicks, conversions or costs; default: by inputs or by their names.",
      valueName: "kind"))
  var kind: String?

  @Option(
    help: ArgumentHelp(
      "The column, or path in JSON, that holds a field: user_id=customer, or for one kind only, "
        + "conversions.event_id=order_id; repeatable. Without a header columns have numbers from 1.",
      valueName: "field=column"))
  var map: [String] = []

  @Option(
    help: ArgumentHelp("What separates columns: one character, or tab.", valueName: "character"))
  var delimiter: String?

  @Option(help: ArgumentHelp("Lines before a table's header.", valueName: "lines"))
  var skipLines: Int?

  @Option(
    help: ArgumentHelp("A text that stands for an absent value; repeatable.", valueName: "text"))
  var nullValue: [String] = []

  @Option(
    help: ArgumentHelp(
      "The decimal sign of amounts, . or , (then thousands may be separated, and a currency sign stands).",
      valueName: "sign"))
  var decimal: String?

  @Option(
    help: ArgumentHelp(
      "Accept it if up to this share of a kind's records cannot be used.", valueName: "0...1"))
  var allowBroken = 0.2

  func validate() throws {
    do { _ = try ColumnMap(map) } catch { throw ValidationError("\(error)") }
    if let kind, EventKind(inputName: kind) == nil {
      throw ValidationError(
        "--kind \(kind): there are impressions, clicks, conversions and costs.")
    }
    if let delimiter, FileOptions.character(delimiter) == nil {
      throw ValidationError("--delimiter \(delimiter): must be one character, or tab.")
    }
    if let skipLines, !(0...1_000_000).contains(skipLines) {
      throw ValidationError("--skip-lines \(skipLines): must be from 0 to 1000000.")
    }
    if let decimal, ![".", ","].contains(decimal) {
      throw ValidationError("--decimal \(decimal): must be . or , alone.")
    }
    if !(0...1).contains(allowBroken) {
      throw ValidationError("--allow-broken must be a share from 0 to 1.")
    }
  }

  /// Throws if no file is named.
  func requirePaths() throws {
    if paths.isEmpty { throw ValidationError("name files, or a folder of them") }
  }

  var eventKind: EventKind? { kind.flatMap { EventKind(inputName: $0) } }

  /// What the configuration and these options say about files.
  func rules(_ settings: Configuration) throws -> FileRules {
    var form = TableOverrides()
    form.delimiter = delimiter.flatMap(FileOptions.character)
    form.skipLines = skipLines
    form.nullValues = nullValue
    form.decimal = decimal
    let columns = try ColumnMap(map)
    do {
      try columns.check(
        Dictionary(
          uniqueKeysWithValues: EventKind.allCases.map { ($0, settings.fieldNames(of: $0)) }))
    } catch { throw ValidationError("\(error)") }
    return try FileRules(settings, map: columns, form: form)
  }

  private static func character(_ text: String) -> String? {
    if text == "tab" || text == "\\t" { return "\t" }
    return text.utf8.count == 1 && !"\"\r\n".contains(text) ? text : nil
  }
}
