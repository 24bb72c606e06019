/// The tables in which a set of tables keeps how far the topics have been read.
struct Bookkeeping {
  /// What their names begin with.
  let prefix: String

  var offsets: String { "\(prefix)_offsets" }
  var progress: String { "\(prefix)_progress" }
  var schema: String { "\(prefix)_schema" }

  /// None of them is staged: they hold a row per partition.
  var tables: [Table] {
    [
      Table(
        name: schema, columns: [.init("version", .integer), .init("source", .text)],
        key: ["version"], isStaged: false),
      Table(
        name: offsets,
        columns: [
          .init("topic", .text), .init("partition", .integer), .init("next_offset", .integer),
          .init("epoch", .text, isOptional: true),
        ], key: ["topic", "partition"], isStaged: false),
      Table(
        name: progress, columns: [.init("partition", .integer), .init("final_through", .time)],
        key: ["partition"], isStaged: false),
    ]
  }

  func insertVersion(_ version: Int64, source: String) -> String {
    let text = source.split(separator: "'", omittingEmptySubsequences: false).joined(
      separator: "''")
    return "INSERT INTO \(schema) (version, source) VALUES (\(version), '\(text)')"
  }
}
