import Attribution

/// The records between the two stages: deltas of rollups, and how each task stands.
///
/// A delta's key is the rollup's record key; a status' key is `@` and the task's number, which no
/// rollup key starts with. The first byte of a value is the format's version.
package enum DeltaWire {
  static let version: UInt8 = 1

  // MARK: Deltas

  package static func encode(_ sums: UnsafeBufferPointer<Int64>, into output: inout [UInt8]) {
    output.append(version)
    output.append(UInt8(sums.count))
    for sum in sums { output.append(signed: sum) }
  }

  /// Reads a delta's sums into `sums`, which decides how many there may be.
  ///
  /// A delta of fewer models, written before the last ones were added, has nothing under those.
  static func decode(_ value: UnsafeRawBufferPointer, into sums: inout [Int64]) throws {
    var reader = ByteReader(value)
    try check(&reader)
    let count = Int(reader.integer() as UInt8)
    let surplus = sums.count - count
    guard surplus >= 0, surplus.isMultiple(of: 2), count >= SumsLayout(modelCount: 0).width else {
      throw PipelineError(
        "a delta in the deltas topic was written with other models than those configured; "
          + "go on with those, or use a new application_id")
    }
    let found = SumsLayout(modelCount: (count - SumsLayout(modelCount: 0).width) / 2)
    let wanted = SumsLayout(modelCount: found.modelCount + surplus / 2)
    for index in sums.indices { sums[index] = 0 }
    for index in 0..<found.revenue(0) { sums[index] = reader.signed() }
    for model in 0..<found.modelCount { sums[wanted.revenue(model)] = reader.signed() }
    if reader.isCut { throw truncated }
  }

  // MARK: Statuses

  /// Bytes of an encoded status: version, tag, time.
  static let statusSize = 10

  static func statusKey(task: Int32) -> [UInt8] { Array("@\(task)".utf8) }

  /// The task whose status this is, or nil for the key of a delta.
  static func task(ofKey key: UnsafeRawBufferPointer) -> Int32? {
    guard key.first == UInt8(ascii: "@") else { return nil }
    return Int32(String(decoding: key.dropFirst(), as: UTF8.self))
  }

  static func encode(_ status: TaskStatus, into output: inout [UInt8]) {
    output.append(version)
    switch status {
    case .active(let mark):
      output.append(0)
      output.append(integer: mark.time)
    case .idle:
      output.append(1)
      output.append(integer: Int64(0))
    case .closed(let end):
      output.append(2)
      output.append(integer: end)
    }
  }

  static func decodeStatus(_ value: UnsafeRawBufferPointer) throws -> TaskStatus {
    var reader = ByteReader(value)
    try check(&reader)
    let tag: UInt8 = reader.integer()
    let time: Int64 = reader.integer()
    if reader.isCut { throw truncated }
    switch tag {
    case 0: return .active(Watermark(time))
    case 1: return .idle
    default: return .closed(through: time)
    }
  }

  private static func check(_ reader: inout ByteReader) throws {
    let found: UInt8 = reader.integer()
    guard found == version else {
      throw PipelineError(
        "the deltas topic holds format version \(reader.isCut ? "none" : "\(found)"), this program "
          + "reads \(version); let the version that wrote it finish, or use a new application_id")
    }
  }

  private static var truncated: PipelineError {
    PipelineError("a record of the deltas topic is cut short; was it written by something else?")
  }
}
