import Attribution
import Codec

/// How a task stood at a commit: the record of the state topic that every commit writes.
struct ProgressRecord {
  var fingerprint: DefinitionsFingerprint
  /// How many records of events the task has written.
  var serial: UInt64
  var watermark: Watermark
  /// The mark up to which the task has dropped its state.
  var kept: Watermark
  var largest: [EventKind: Watermark]

  init(_ progress: TaskProgress, serial: UInt64, _ fingerprint: DefinitionsFingerprint) {
    self.fingerprint = fingerprint
    self.serial = serial
    watermark = progress.watermark
    kept = progress.keptAfterCommit
    largest = Dictionary(
      uniqueKeysWithValues: EventKind.allCases.map { ($0, progress[$0].largest) })
  }

  // MARK: Coding

  var bytes: [UInt8] {
    var bytes = [ChangelogChunk.version]
    bytes.append(integer: fingerprint.base)
    bytes.append(integer: serial)
    bytes.append(integer: watermark.time)
    bytes.append(integer: kept.time)
    for kind in EventKind.allCases { bytes.append(integer: largest[kind]!.time) }
    bytes.append(fingerprint.views)
    return bytes
  }

  /// Reads a record back. Throws when it is of another format, or was written under definitions that
  /// those at hand do not extend.
  init(
    _ value: UnsafeRawBufferPointer, under current: DefinitionsFingerprint, topic: String
  ) throws {
    var reader = ByteReader(value)
    let version: UInt8 = reader.integer()
    let base: UInt64 = reader.integer()
    serial = reader.integer()
    watermark = Watermark(reader.integer())
    kept = Watermark(reader.integer())
    largest = [:]
    for kind in EventKind.allCases { largest[kind] = Watermark(reader.integer()) }
    fingerprint = DefinitionsFingerprint(base: base, views: reader.fingerprints())
    guard version == ChangelogChunk.version, !reader.isCut else {
      throw PipelineError(
        "the progress record in \(topic) has an unknown format; run the version that wrote it, or start "
          + "again with `tributary reset`")
    }
    guard current.extends(fingerprint) else { throw PipelineError.otherDefinitions(topic) }
  }

  // MARK: New views

  /// Refuses a new view that would count windows which had begun before it was there.
  func checkNewViews(of definitions: Definitions) throws {
    let last = largest.values.max() ?? .unknown
    guard last.isKnown else { return }
    for view in definitions.views where !fingerprint.views.contains(view.fingerprint) {
      guard let since = view.since, since > last.time else {
        throw PipelineError(
          "view \(view.name) is new, but there are events up to \(Time.formatSeconds(last.time)): give it "
            + "`since`, a later instant from which on its windows are counted; `tributary backfill "
            + "--views \(view.name)` fills the time before")
      }
    }
  }
}

extension [UInt8] {
  /// Appends fingerprints behind their count, at most 255.
  mutating func append(_ fingerprints: [UInt64]) {
    append(UInt8(fingerprints.count))
    for fingerprint in fingerprints { append(integer: fingerprint) }
  }
}

extension ByteReader {
  mutating func fingerprints() -> [UInt64] {
    let count: UInt8 = integer()
    return (0..<count).map { _ in integer() }
  }
}
