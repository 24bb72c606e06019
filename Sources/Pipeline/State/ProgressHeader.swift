import Attribution
import Configuration

/// What a rollup partition needs to know again after a restart, beside the rollups themselves: how
/// far finality has come and what each task last said. A header of the progress record.
enum ProgressHeader {
  static let name = "tributary-tasks"
  private static let version: UInt8 = 1

  /// Names the application and its definitions: two of them must not add to the same rollups.
  static func fingerprint(of configuration: Configuration) -> UInt64 {
    Array(configuration.applicationID.utf8).withUnsafeBytes {
      Hash128(BorrowedBytes($0), seed: configuration.definitions.fingerprint).high
    }
  }

  static func encode(_ table: RollupTable, fingerprint: UInt64) -> [UInt8] {
    var bytes = [version]
    bytes.append(integer: fingerprint)
    bytes.append(integer: table.finalThrough.time)
    for (task, status) in table.tasks.sorted(by: { $0.key < $1.key }) {
      bytes.append(integer: task)
      DeltaWire.encode(status, into: &bytes)
    }
    return bytes
  }

  /// - Parameter topic: named when the record was written under other definitions.
  static func decode(
    _ value: UnsafeRawBufferPointer, fingerprint: UInt64, topic: String
  ) throws -> (finalThrough: Watermark, tasks: [Int32: TaskStatus]) {
    var reader = ByteReader(value)
    guard reader.integer(UInt8.self) == version, let found: UInt64 = reader.integer(),
      let final: Int64 = reader.integer()
    else {
      throw PipelineError(
        "the rollups topic's progress record has an unknown format; run the version that wrote it")
    }
    guard found == fingerprint else { throw PipelineError.otherDefinitions(topic) }
    var tasks: [Int32: TaskStatus] = [:]
    while !reader.isAtEnd {
      guard let task: Int32 = reader.integer(), let status = reader.bytes(DeltaWire.statusSize)
      else { break }
      tasks[task] = try DeltaWire.decodeStatus(status)
    }
    return (Watermark(final), tasks)
  }
}
