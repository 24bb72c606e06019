import Attribution
import Cluster
import Codec

/// How a task stood at a commit: the record of the state topic that every commit writes.
struct ProgressRecord {
  private static let version: UInt8 = 5
  /// The same of a changelog in which impressions have buckets of their own: former versions would not forget them.
  private static let versionWithImpressionBuckets: UInt8 = 6

  var fingerprint: DefinitionsFingerprint
  /// How many records of events the task has written.
  var serial: UInt64
  var watermark: Watermark
  /// The mark up to which the task has dropped its state.
  var retentionMark: Watermark
  /// By input.
  var largest: [Watermark]
  var checkpoint: TaskCheckpoint
  /// Whether impressions have, or had, buckets of their own.
  var hasImpressionBuckets: Bool

  init(
    _ progress: InputProgress, _ checkpoint: TaskCheckpoint, serial: UInt64,
    _ fingerprint: DefinitionsFingerprint, hasImpressionBuckets: Bool = false
  ) {
    self.hasImpressionBuckets = hasImpressionBuckets
    self.checkpoint = checkpoint
    self.fingerprint = fingerprint
    self.serial = serial
    watermark = progress.watermark
    retentionMark = progress.retentionMarkAfterCommit
    largest = progress.inputs.map(\.largest)
  }

  // MARK: Coding

  var bytes: [UInt8] {
    var bytes = [hasImpressionBuckets ? Self.versionWithImpressionBuckets : Self.version]
    bytes.append(integer: fingerprint.base)
    bytes.append(integer: serial)
    bytes.append(integer: watermark.time)
    bytes.append(integer: retentionMark.time)
    bytes.append(UInt8(largest.count))
    for mark in largest { bytes.append(integer: mark.time) }
    bytes.append(fingerprint.models)
    bytes.append(fingerprint.views)
    checkpoint.encode(into: &bytes)
    return bytes
  }

  /// Reads a record back. Throws when it is of another format, or was written under definitions that
  /// those at hand do not extend; without any at hand it accepts all.
  init(
    _ value: UnsafeRawBufferPointer, under current: DefinitionsFingerprint?, topic: String
  ) throws {
    var reader = ByteReader(value)
    let version: UInt8 = reader.integer()
    let base: UInt64 = reader.integer()
    serial = reader.integer()
    watermark = Watermark(reader.integer())
    retentionMark = Watermark(reader.integer())
    let inputCount: UInt8 = reader.integer()
    largest = (0..<inputCount).map { _ in Watermark(reader.integer()) }
    fingerprint = DefinitionsFingerprint(
      base: base, models: reader.fingerprints(), views: reader.fingerprints())
    checkpoint = TaskCheckpoint(&reader)
    hasImpressionBuckets = version == Self.versionWithImpressionBuckets
    guard hasImpressionBuckets || version == Self.version, !reader.isCut else {
      throw OperatorError(
        "the progress record in \(topic) has an unknown format; run the version that wrote it, or start "
          + "again with `tributary reset`")
    }
    guard current?.extends(fingerprint) ?? true else { throw OperatorError.otherDefinitions(topic) }
  }

  // MARK: What is new

  /// The task's newest event.
  var last: Watermark { largest.max() ?? .unknown }

  /// Refuses a new view or model that would count in windows which had begun before it was there.
  ///
  /// - Parameter newest: the newest event of all tasks, for `since` to be behind.
  func checkAdditions(of definitions: Definitions, newest: Watermark) throws {
    for view in definitions.views where !fingerprint.views.contains(view.fingerprint) {
      try checkAddition("view", view.name, since: view.since, newest)
    }
    for model in definitions.models.dropFirst(fingerprint.models.count) {
      try checkAddition("model", model.rawValue, since: definitions.modelsSince[model], newest)
    }
  }

  private func checkAddition(
    _ kind: String, _ name: String, since: Milliseconds?, _ newest: Watermark
  ) throws {
    guard last.isKnown, since ?? .min <= last.time else { return }
    throw OperatorError(
      "\(kind) \(name) is new, but there are events up to \(Time.formatSeconds(newest.time)): give it "
        + "`since`, a later instant from which on its windows are counted; `tributary backfill "
        + "--\(kind)s \(name)` fills the time before")
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
