import Attribution
import Cluster
import Codec

/// The records between the two stages: batches of deltas, how each task stands, and what it has lost of its
/// input.
///
/// The key of statuses is `@` (former versions wrote one record for each, with the task's number behind it), that of a batch `+`, that of what
/// was lost `!` and the task. The first byte of a value is the version of its format.
package enum DeltaWire {
  /// Of statuses, which progress records hold as well.
  static let statusVersion: UInt8 = 1
  /// Of batches.
  static let batchVersion: UInt8 = 2

  /// The key of every ``DeltaBatch``.
  package static let batchKey: [UInt8] = [UInt8(ascii: "+")]

  // MARK: Statuses

  /// Bytes of an encoded status: version, tag, time.
  static let statusSize = 10

  /// The key of what a task, or another reader of inputs, has lost of them.
  static func lostKey(_ loser: String) -> [UInt8] { Array("!\(loser)".utf8) }

  static func isLost(_ key: UnsafeRawBufferPointer) -> Bool { key.first == UInt8(ascii: "!") }

  /// The task whose status this is, or nil for the key of a batch.
  static func task(ofKey key: UnsafeRawBufferPointer) -> Int32? {
    guard key.first == UInt8(ascii: "@") else { return nil }
    return Int32(String(decoding: key.dropFirst(), as: UTF8.self))
  }

  static func encode(_ status: TaskStatus, into output: inout [UInt8]) {
    output.append(statusVersion)
    switch status {
    case .active(let mark):
      output.append(0)
      output.append(integer: mark.time)
    case .idle(let asOf):
      output.append(1)
      output.append(integer: asOf)
    case .finished(let end):
      output.append(2)
      output.append(integer: end)
    }
  }

  static func decodeStatus(_ value: UnsafeRawBufferPointer) throws -> TaskStatus {
    var reader = ByteReader(value)
    try check(&reader, statusVersion)
    let tag: UInt8 = reader.integer()
    let time: Int64 = reader.integer()
    if reader.isCut { throw truncated }
    switch tag {
    case 0: return .active(Watermark(time))
    case 1: return .idle(asOf: time)
    default: return .finished(through: time)
    }
  }

  // MARK: Lost input

  static func encode(_ lost: [LostRange], into output: inout [UInt8]) {
    output.append(statusVersion)
    output.append(integer: UInt32(lost.count))
    for range in lost { range.encode(into: &output) }
  }

  static func decodeLost(_ value: UnsafeRawBufferPointer) throws -> [LostRange] {
    var reader = ByteReader(value)
    try check(&reader, statusVersion)
    var count: UInt32 = reader.integer()
    var lost: [LostRange] = []
    while count > 0, !reader.isCut {
      lost.append(LostRange(&reader))
      count -= 1
    }
    if reader.isCut { throw truncated }
    return lost
  }

  /// Takes the version off and refuses another one.
  static func check(_ reader: inout ByteReader, _ version: UInt8) throws {
    let found: UInt8 = reader.integer()
    guard found == version else {
      throw OperatorError(
        "the deltas topic holds format version \(reader.isCut ? "none" : "\(found)"), this program "
          + "reads \(version); let the version that wrote it finish, or use a new application_id")
    }
  }

  static var truncated: OperatorError {
    OperatorError("a record of the deltas topic is cut short; was it written by something else?")
  }
}
