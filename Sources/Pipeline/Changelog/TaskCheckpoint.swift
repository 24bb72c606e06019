import Attribution
import Cluster
import Codec
import Inputs
import Kafka

/// How far one input of a task had been read.
package struct InputPosition: Equatable, Sendable {
  package var topic: String
  /// The next offset to read.
  package var position: Int64
  /// The last record read; nil before the first.
  package var last: RecordFingerprint?
  /// How its records were read; nil in records of a former version.
  package var mapping: MappingFingerprint?

  package init(
    topic: String, position: Int64, last: RecordFingerprint? = nil,
    mapping: MappingFingerprint? = nil
  ) {
    self.mapping = mapping
    self.topic = topic
    self.position = position
    self.last = last
  }
}

/// What a task's progress record holds beside its watermarks: where it stands in its inputs, and what
/// belongs to it for good.
package struct TaskCheckpoint: Equatable, Sendable {
  /// Bytes of a secret.
  package static let secretLength = 32

  /// Keys the task's hashes of ids; made when the task first begins, and kept. Empty before that.
  package var secret: [UInt8]
  /// How many partitions its inputs had.
  package var partitionCount: Int32
  /// In the order of their kinds.
  package var inputs: [InputPosition]
  /// What was gone before it was read.
  package var lost: [LostRange]

  package init(
    secret: [UInt8] = [], partitionCount: Int32 = 0, inputs: [InputPosition] = [],
    lost: [LostRange] = []
  ) {
    self.secret = secret
    self.partitionCount = partitionCount
    self.inputs = inputs
    self.lost = lost
  }

  /// A new secret.
  ///
  /// - Parameter random: 64 random bits a call.
  package static func makeSecret(_ random: () -> UInt64) -> [UInt8] {
    var secret: [UInt8] = []
    while secret.count < secretLength { secret.append(integer: random()) }
    return secret
  }
}

// MARK: - Coding

extension TaskCheckpoint {
  func encode(into bytes: inout [UInt8]) {
    bytes.append(short: secret)
    bytes.append(integer: partitionCount)
    bytes.append(UInt8(inputs.count))
    for input in inputs {
      bytes.append(short: Array(input.topic.utf8))
      bytes.append(integer: input.position)
      bytes.append(integer: input.last?.offset ?? -1)
      bytes.append(integer: input.last?.timestamp ?? 0)
      bytes.append(integer: input.last?.hash ?? 0)
    }
    bytes.append(integer: UInt32(lost.count))
    for range in lost { range.encode(into: &bytes) }
    // Behind all that former versions read.
    guard inputs.contains(where: { $0.mapping != nil }) else { return }
    bytes.append(UInt8(EventKind.allCases.count))
    for input in inputs {
      bytes.append(integer: input.mapping?.whole ?? 0)
      for kind in EventKind.allCases.indices {
        bytes.append(integer: input.mapping?.identities[kind] ?? 0)
      }
    }
  }

  init(_ reader: inout ByteReader) {
    secret = Array(reader.short().buffer)
    partitionCount = reader.integer()
    inputs = []
    let inputCount: UInt8 = reader.integer()
    for _ in 0..<inputCount {
      var input = InputPosition(
        topic: String(decoding: reader.short().buffer, as: UTF8.self), position: reader.integer())
      let last = RecordFingerprint(
        offset: reader.integer(), timestamp: reader.integer(), hash: reader.integer())
      input.last = last.offset < 0 ? nil : last
      inputs.append(input)
    }
    lost = []
    var count: UInt32 = reader.integer()
    while count > 0, !reader.isCut {
      lost.append(LostRange(&reader))
      count -= 1
    }
    guard !reader.isAtEnd else { return }
    let kindCount: UInt8 = reader.integer()
    for index in inputs.indices {
      let whole: UInt64 = reader.integer()
      let identities: [UInt64] = (0..<kindCount).map { _ in reader.integer() }
      guard whole != 0, identities.count == EventKind.allCases.count else { continue }
      inputs[index].mapping = MappingFingerprint(whole: whole, identities: identities)
    }
  }
}

extension LostRange {
  func encode(into bytes: inout [UInt8]) {
    bytes.append(short: Array(topic.utf8))
    bytes.append(integer: partition)
    bytes.append(integer: from)
    bytes.append(integer: to)
    bytes.append(integer: after ?? .min)
    bytes.append(integer: before ?? .max)
  }

  init(_ reader: inout ByteReader) {
    self.init(
      topic: String(decoding: reader.short().buffer, as: UTF8.self), partition: reader.integer(),
      from: reader.integer(), to: reader.integer(), after: reader.integer(),
      before: reader.integer())
    if after == .min { after = nil }
    if before == .max { before = nil }
  }
}
