import Attribution
import Codec
internal import Glibc
import Reporting
import SQLSink

/// Writes what a store holds to the files that were asked for.
struct ResultWriter {
  let definitions: Definitions
  let store: ResultStore

  /// Writes all rollups; a SQLite file also gets the attributions, as `tributary sink` writes both.
  ///
  /// - Returns: how many rollups.
  func writeRollups(to path: String, _ format: ResultFormat) throws -> Int {
    switch format {
    case .csv:
      let codec = RollupCodec(definitions: definitions)
      return try writeCSV(to: path, ResultTables.rollupColumns(definitions), store.forEachRollup) {
        ResultTables.append(try codec.decode($0), definitions, to: &$1)
      }
    case .jsonl: return try writeValues(to: path, store.forEachRollup)
    case .sqlite: return try writeDatabase(to: path)
    }
  }

  /// Writes all attributions, as CSV or JSON lines.
  ///
  /// - Returns: how many.
  func writeAttributions(to path: String, _ format: ResultFormat) throws -> Int {
    guard format == .csv else { return try writeValues(to: path, store.forEachAttribution) }
    return try writeCSV(
      to: path, ResultTables.attributionColumns(definitions), store.forEachAttribution
    ) {
      ResultTables.append(try AttributionCodec.decode($0), definitions, to: &$1)
    }
  }

  private typealias Records = (
    (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws -> Void
  ) throws -> Void

  /// A line of column names, and the lines that `append` makes of each record's value.
  private func writeCSV(
    to path: String, _ columns: [String], _ visit: Records,
    _ append: @escaping (UnsafeRawBufferPointer, inout CSVWriter) throws -> Void
  ) throws -> Int {
    var count = 0
    let file = try AtomicFile(path)
    var text = CSVWriter()
    for column in columns { text.field(column) }
    text.endLine()
    try file.append { $0 += text.bytes }
    try visit { _, value in
      text.removeAll()
      try append(value, &text)
      try file.append { $0 += text.bytes }
      count += 1
    }
    try file.finish()
    return count
  }

  /// Record values as they are, one per line.
  private func writeValues(to path: String, _ visit: Records) throws -> Int {
    let file = try AtomicFile(path)
    var count = 0
    try visit { _, value in
      try file.append {
        $0.append(contentsOf: value)
        $0.append(UInt8(ascii: "\n"))
      }
      count += 1
    }
    try file.finish()
    return count
  }

  // MARK: SQLite

  private static let batchSize = 20_000

  /// - Returns: how many rollups.
  private func writeDatabase(to path: String) throws -> Int {
    let temporary = AtomicFile.temporaryName(path)
    defer { for suffix in ["", "-wal", "-shm"] { unlink(temporary + suffix) } }
    let target = try SQLTarget.sqlite(path: temporary).open(definitions)
    let count: Int
    do {
      defer { target.close() }
      try target.migrate()
      count = try fill(target)
    }
    guard rename(temporary, path) == 0 else { throw FileError.system(path, "written") }
    return count
  }

  private func fill(_ target: any SQLStore) throws -> Int {
    var count = 0
    let reader = RollupsRecordReader(definitions: definitions)
    var batch = SinkBatch()
    func flush(_ least: Int) throws {
      guard batch.count >= least else { return }
      try target.apply(batch)
      batch = SinkBatch()
    }
    try store.forEachRollup { key, value in
      batch.add(try reader.read(key: key, value: value))
      try flush(ResultWriter.batchSize)
      count += 1
    }
    try store.forEachAttribution { id, value in
      batch.add(try AttributionCodec.decode(value), of: Array(id))
      try flush(ResultWriter.batchSize)
    }
    if let finalThrough = store.finalThrough {
      batch.add(.progress(partition: 0, finalThrough: finalThrough))
    }
    try flush(1)
    return count
  }
}
