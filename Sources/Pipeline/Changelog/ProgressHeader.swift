import Attribution
import Cluster
import Codec
import Configuration
import Kafka

/// What a rollup partition needs to know again after a restart, beside the rollups themselves: how
/// far finality has come, what each task last said, and how far the deltas have been added. A header of the progress record.
enum ProgressHeader {
  static let name = "tributary-tasks"
  private static let version: UInt8 = 3

  /// Names the application and its definitions: two of them must not add to the same rollups.
  static func fingerprint(of configuration: Configuration) -> DefinitionsFingerprint {
    var fingerprint = configuration.definitions.fingerprint
    fingerprint.base = Array(configuration.applicationID.utf8).withUnsafeBytes {
      Hash128(fingerprintOf: BorrowedBytes($0), seed: fingerprint.base).high
    }
    return fingerprint
  }

  /// - Parameter position: the next offset of the deltas: what comes before is in the rollups.
  static func encode(
    _ table: RollupTable, position: Int64, fingerprint: DefinitionsFingerprint
  ) -> [UInt8] {
    var bytes = [version]
    bytes.append(integer: fingerprint.base)
    bytes.append(fingerprint.models)
    bytes.append(fingerprint.views)
    bytes.append(integer: position)
    bytes.append(integer: table.finalThrough.time)
    for (task, status) in table.tasks.sorted(by: { $0.key < $1.key }) {
      bytes.append(integer: task)
      DeltaWire.encode(status, into: &bytes)
    }
    return bytes
  }

  /// The bytes that a progress record carries; nil for one that carries none.
  static func content(of record: Record) -> [UInt8]? {
    record.headers().first { $0.name == name }?.value
  }

  typealias Content = (position: Int64, finalThrough: Watermark, tasks: [Int32: TaskStatus])

  /// - Parameters:
  ///   - fingerprint: of definitions that the record's must fit; nil accepts any.
  ///   - topic: named when the record was written under other definitions.
  static func decode(
    _ value: UnsafeRawBufferPointer, fingerprint: DefinitionsFingerprint?, topic: String
  ) throws -> Content {
    var reader = ByteReader(value)
    let foundVersion: UInt8 = reader.integer()
    let found = DefinitionsFingerprint(
      base: reader.integer(), models: reader.fingerprints(), views: reader.fingerprints())
    let position: Int64 = reader.integer()
    let final: Int64 = reader.integer()
    guard foundVersion == version, !reader.isCut else {
      throw OperatorError(
        "the rollups topic's progress record has an unknown format; run the version that wrote it")
    }
    guard fingerprint?.extends(found) ?? true else { throw OperatorError.otherDefinitions(topic) }
    var tasks: [Int32: TaskStatus] = [:]
    while !reader.isAtEnd {
      let task: Int32 = reader.integer()
      tasks[task] = try DeltaWire.decodeStatus(reader.bytes(DeltaWire.statusSize))
    }
    return (position, Watermark(final), tasks)
  }
}
