import Attribution
import Cluster
import Codec
import Kafka

/// How far one partition of a re-keyed topic has been read, as the topic of positions has it: written in the
/// transaction that passes its events on.
struct RekeyProgress: Equatable {
  private static let version: UInt8 = 1

  var position: InputPosition
  /// The largest event time that has been passed on.
  var largest: Watermark = .unknown
  /// What was gone before it was read.
  var lost: [LostRange] = []

  static func key(_ partition: TopicPartition) -> [UInt8] {
    Array("\(partition.topic)|\(partition.partition)".utf8)
  }

  var bytes: [UInt8] {
    var bytes = [Self.version]
    bytes.append(integer: largest.time)
    TaskCheckpoint(inputs: [position], lost: lost).encode(into: &bytes)
    return bytes
  }

  init(position: InputPosition, largest: Watermark, lost: [LostRange]) {
    self.position = position
    self.largest = largest
    self.lost = lost
  }

  /// - Parameter topic: named where the record cannot be read.
  init(_ value: UnsafeRawBufferPointer, topic: String) throws(OperatorError) {
    var reader = ByteReader(value)
    let version: UInt8 = reader.integer()
    let largest: Int64 = reader.integer()
    let checkpoint = TaskCheckpoint(&reader)
    guard version == Self.version, !reader.isCut, let position = checkpoint.inputs.first else {
      throw OperatorError(
        "a record of \(topic) has an unknown format; run the version that wrote it, or start again with "
          + "`tributary reset`")
    }
    self.init(position: position, largest: Watermark(largest), lost: checkpoint.lost)
  }
}
