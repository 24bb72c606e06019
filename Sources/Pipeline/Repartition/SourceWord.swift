import Attribution
import Cluster
import Codec
import Kafka

/// How a partition of a re-keyed topic stands, as whoever re-keys it says in every partition that its events go to.
struct SourceWord: Equatable {
  /// The largest event time that has passed; `unknown` before the first.
  var largest: Watermark
  /// Whether the contract calls the partition idle.
  var isIdle: Bool
  /// What a clock showed when this was said: idleness is vouched for up to then.
  var asOf: Milliseconds
}

/// The records without a key in the internal topics of re-keyed events: the words of one worker about all of its
/// partitions, written behind the events of the same transaction.
enum SourceWords {
  private static let version: UInt8 = 1

  static func encode(_ words: [(TopicPartition, SourceWord)], into output: inout [UInt8]) {
    output.append(version)
    output.append(integer: UInt32(words.count))
    for (partition, word) in words {
      output.append(short: Array(partition.topic.utf8))
      output.append(integer: partition.partition)
      output.append(integer: word.largest.time)
      output.append(word.isIdle ? 1 : 0)
      output.append(integer: word.asOf)
    }
  }

  /// - Returns: nil for what no worker of this version has written.
  static func decode(_ value: UnsafeRawBufferPointer) -> [(TopicPartition, SourceWord)]? {
    var reader = ByteReader(value)
    let found: UInt8 = reader.integer()
    guard found == version else { return nil }
    var count: UInt32 = reader.integer()
    var words: [(TopicPartition, SourceWord)] = []
    while count > 0, !reader.isCut {
      let topic = String(decoding: reader.short().buffer, as: UTF8.self)
      let partition: Int32 = reader.integer()
      let largest: Int64 = reader.integer()
      let isIdle: UInt8 = reader.integer()
      let asOf: Int64 = reader.integer()
      words.append(
        (
          TopicPartition(topic: topic, partition: partition),
          SourceWord(largest: Watermark(largest), isIdle: isIdle == 1, asOf: asOf)
        ))
      count -= 1
    }
    return reader.isCut ? nil : words
  }
}

/// What a task knows of the sources of a re-keyed input.
///
/// Nothing of it is kept over a restart: whoever re-keys a partition repeats its word every few seconds.
struct SourceTable {
  private var words: [TopicPartition: SourceWord?]

  /// - Parameter sources: every partition that events come from.
  init(_ sources: [TopicPartition]) {
    words = Dictionary(uniqueKeysWithValues: sources.map { ($0, nil) })
  }

  mutating func take(_ new: [(TopicPartition, SourceWord)]) {
    for (partition, word) in new { words[partition] = .some(word) }
  }

  /// Forgets what was said: what has come since is not known.
  mutating func forget() { words = words.mapValues { _ in nil } }

  /// How far all of them have come.
  var marks: InputProgress.SourceMarks {
    var marks = InputProgress.SourceMarks(active: .idle, all: .idle)
    for case let word in words.values {
      guard let word else { return .unknown }
      if !word.isIdle { marks.active = marks.active.meet(word.largest) }
      if word.largest != .unknown { marks.all = marks.all.meet(word.largest) }
    }
    return marks
  }

  /// The earliest of the clocks by which they were called idle.
  var asOf: Milliseconds { words.values.compactMap { $0?.asOf }.min() ?? .max }
}
