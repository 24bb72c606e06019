import Attribution
import Codec
import Reporting

/// Rollups as lines of a file: CSV, or the records of the rollups topic.
struct RollupText {
  private let definitions: Definitions
  private let codec: RollupCodec
  private let format: ExportFormat
  private var csv = CSVWriter()
  private var lines: [UInt8] = []

  init(_ definitions: Definitions, _ format: ExportFormat) {
    self.definitions = definitions
    self.format = format
    codec = RollupCodec(definitions: definitions)
  }

  /// What a file begins with.
  var header: [UInt8] {
    guard format == .csv else { return [] }
    var csv = CSVWriter()
    csv.line(ResultTables.rollupColumns(definitions, hasWatermark: false))
    return csv.bytes
  }

  var bytes: [UInt8] { format == .csv ? csv.bytes : lines }

  mutating func removeAll() {
    csv.removeAll()
    lines.removeAll(keepingCapacity: true)
  }

  /// Adds the rollup that a row is.
  mutating func append(_ row: RollupRow, of view: View) {
    let rollup = Rollup(
      key: RollupKey(view: view.name, dimensions: row.dimensions, windowStart: row.start),
      windowEnd: row.start + view.periodMilliseconds, sums: row.sums, isFinal: row.isFinal,
      revision: row.revision, watermark: nil)
    switch format {
    case .csv: ResultTables.append(rollup, definitions, hasWatermark: false, to: &csv)
    case .jsonl:
      codec.encode(rollup, into: &lines)
      lines.append(UInt8(ascii: "\n"))
    }
  }
}
