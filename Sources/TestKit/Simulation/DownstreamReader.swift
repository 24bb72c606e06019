import Attribution
import Codec
import Kafka

/// A consumer of the rollups that reads committed records while the pipeline runs, and what it must
/// never see.
///
/// * The revision of a key goes up by one with each publication.
/// * What is final stays final, in the same partition.
/// * `final_through` of a partition never goes back; a window that ends at or before it is final, or
///   becomes so in the same transaction.
/// * If no event is late, nothing final ever changes.
struct DownstreamReader {
  private let topic: String
  private let codec: RollupCodec
  private let isPunctual: Bool
  private var positions: [Int64]
  private var finalThrough: [Milliseconds]
  private var latest: [[UInt8]: Rollup] = [:]
  /// Keys whose windows are not final, by partition.
  private var open: [Set<[UInt8]>]
  private var bound = Milliseconds.max
  private(set) var publications = 0
  private(set) var corrections = 0
  /// What it saw first that it must not see.
  private(set) var complaint: String?

  /// - Parameter isPunctual: whether no event is late.
  init(topic: String, partitions: Int, definitions: Definitions, isPunctual: Bool) {
    self.topic = topic
    self.isPunctual = isPunctual
    codec = RollupCodec(definitions: definitions)
    positions = Array(repeating: 0, count: partitions)
    finalThrough = Array(repeating: .min, count: partitions)
    open = Array(repeating: [], count: partitions)
  }

  /// How many rollups are not final.
  var openCount: Int { open.reduce(0) { $0 + $1.count } }

  /// Through when every partition is final.
  var leastFinalThrough: Milliseconds { finalThrough.min() ?? .min }

  /// Reads what has been committed by now.
  ///
  /// - Parameter bound: no window that ends later can be over.
  mutating func read(_ log: MemoryLog, bound: Milliseconds = .max) {
    self.bound = bound
    for number in positions.indices {
      let name = TopicPartition(topic: topic, partition: Int32(number))
      positions[number] = log.forEachRecord(of: name, from: positions[number]) {
        take($0, number)
      }
      for key in open[number] where latest[key]!.windowEnd <= finalThrough[number] {
        complain("\(text(key)) is not final, but final_through of partition \(number) is past it")
      }
    }
  }

  private mutating func take(_ record: Record, _ partition: Int) {
    guard let key = record.key, let value = record.value else {
      return complain("a record without key or value at offset \(record.offset)")
    }
    if key.first == UInt8(ascii: "@") {
      guard let through = try? ProgressCodec.decode(value) else {
        return complain("an unreadable progress record at offset \(record.offset)")
      }
      if through < finalThrough[partition] {
        complain("final_through of partition \(partition) goes back")
      }
      if through > bound {
        complain("\(through - bound) ms are final in partition \(partition) that are not over")
      }
      finalThrough[partition] = through
      return
    }
    guard let rollup = try? codec.decode(value) else {
      return complain(
        "an unreadable rollup at offset \(record.offset): \(String(decoding: value, as: UTF8.self))"
      )
    }
    take(rollup, Array(key), partition)
  }

  private mutating func take(_ rollup: Rollup, _ key: [UInt8], _ partition: Int) {
    publications += 1
    let before = latest.updateValue(rollup, forKey: key)
    if rollup.revision != (before?.revision ?? 0) + 1 {
      complain("\(text(key)) goes from revision \(before?.revision ?? 0) to \(rollup.revision)")
    }
    if rollup.isFinal { open[partition].remove(key) } else { open[partition].insert(key) }
    if let before, before.isFinal {
      if !rollup.isFinal { complain("\(text(key)) is no longer final") }
      if rollup.sums != before.sums { noteCorrection(of: key) }
    } else if before == nil, rollup.windowEnd <= finalThrough[partition] {
      noteCorrection(of: key)
    }
  }

  private mutating func noteCorrection(of key: [UInt8]) {
    corrections += 1
    if isPunctual { complain("\(text(key)) changes after it was final, though nothing was late") }
  }

  private mutating func complain(_ text: String) {
    complaint = complaint ?? "downstream: \(text)"
  }

  private func text(_ key: [UInt8]) -> String { String(decoding: key, as: UTF8.self) }
}
