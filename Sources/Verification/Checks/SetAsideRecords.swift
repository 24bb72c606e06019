import Attribution
import Cluster
import Codec
import History

/// What a topic of set-aside records (dead letters or late events) says: which input records are in
/// it, why, and whether their bytes are what they were.
struct SetAsideRecords {
  /// Where a record came from, within its input topic.
  struct Source: Hashable, Comparable {
    var partition: Int32
    var offset: Int64
    /// Which record of its message it is.
    var number: Int32

    init(partition: Int32, offset: Int64, number: Int32 = 0) {
      self.partition = partition
      self.offset = offset
      self.number = number
    }

    init(_ record: LoggedRecord) {
      self.init(partition: record.partition, offset: record.offset, number: record.number)
    }

    static func < (left: Source, right: Source) -> Bool {
      (left.partition, left.offset, left.number) < (right.partition, right.offset, right.number)
    }
  }

  struct Entry {
    /// Where it is in the topic.
    var place: RecordPosition
    var reason: String
    var fingerprint: Fingerprint
    /// The length of the value that it came with, where it has lost something to fit its topic.
    var cut: Int?
    /// What is left of it.
    var hasKey: Bool
    var valueCount: Int?
    var isMatched = false

    /// Whether it is the record, or what is left of it.
    ///
    /// - Parameter isHidden: whether nothing of it may be left.
    func isLeft(of record: LoggedRecord, isHidden: Bool = false) -> Bool {
      if isHidden, hasKey || (valueCount ?? 0) > 0 || cut == nil { return false }
      guard let cut else { return fingerprint == Fingerprint(record) }
      var left = record
      if !hasKey { left.key = nil }
      left.value = record.value.map {
        UnsafeRawBufferPointer(rebasing: $0[..<min($0.count, valueCount ?? 0)])
      }
      return cut == record.value?.count ?? 0 && fingerprint == Fingerprint(left)
    }

    /// Whether it is an event in our own form, with the ids that the event has.
    func holds(_ event: Event, _ definitions: Definitions) -> Bool {
      var writer = AcceptedWriter(definitions: definitions)
      return withUnsafePointer(to: event) { event in
        writer.write(event, isLate: true, replaces: nil)
        return fingerprint
          == Fingerprint(
            LoggedRecord(
              partition: 0, offset: 0, timestamp: 0, key: AcceptedWriter.key(of: event),
              value: writer.bytes))
      }
    }
  }

  /// The topic of the set-aside records.
  let topic: String
  private let inputTopics: [String]
  /// By input and source.
  private var entries: [[Source: Entry]]
  /// How many records the topic holds, by input, those listed twice included.
  private(set) var counts: [Int]

  init(topic: String, inputTopics: [String]) {
    self.topic = topic
    self.inputTopics = inputTopics
    entries = Array(repeating: [:], count: inputTopics.count)
    counts = Array(repeating: 0, count: inputTopics.count)
  }

  /// Takes a record of the topic.
  mutating func take(_ record: LoggedRecord, into differences: inout ComparisonResult) {
    guard let reason = record.header("reason"), let sourceTopic = record.header("source_topic"),
      let partition = record.header("source_partition").flatMap({ Int32($0) }),
      let offset = record.header("source_offset").flatMap({ Int64($0) }),
      let input = inputTopics.firstIndex(of: sourceTopic)
    else {
      differences.expect(
        "absent or not an input's", toBe: "reason and source of an input record", "headers",
        of: record.place(in: topic).description)
      return
    }
    counts[input] += 1
    let number = record.header(SideHeaders.sourceNumber).flatMap { Int32($0) } ?? 0
    let source = Source(partition: partition, offset: offset, number: number)
    guard entries[input][source] == nil else {
      differences.expect(
        "more than one", toBe: "one", "records in \(topic)", of: subject(input, source))
      return
    }
    entries[input][source] = Entry(
      place: RecordPosition(partition: record.partition, offset: record.offset), reason: reason,
      fingerprint: Fingerprint(record), cut: cut(record),
      hasKey: record.key != nil, valueCount: record.value?.count)
  }

  /// What header `cut` says. Ours is the last; another came with the record.
  private func cut(_ record: LoggedRecord) -> Int? {
    guard record.headers.last?.name == "cut" else { return nil }
    return record.header("cut").flatMap { Int($0) }
  }

  /// The entry for an input record, which is then accounted for.
  mutating func match(input: Int, _ source: Source) -> Entry? {
    guard let index = entries[input].index(forKey: source) else { return nil }
    entries[input].values[index].isMatched = true
    return entries[input].values[index]
  }

  /// Reports the entries for which no input record was seen.
  func reportUnmatched(into differences: inout ComparisonResult) {
    for input in entries.indices {
      let left = entries[input].filter { !$0.value.isMatched }.keys
      for source in left.sorted() {
        differences.expect(
          "no such record among those processed", toBe: "an input record",
          "source of a record in \(topic)", of: subject(input, source))
      }
    }
  }

  private func subject(_ input: Int, _ source: Source) -> String {
    LogPlace(
      topic: inputTopics[input], partition: source.partition, offset: source.offset
    ).description
  }
}
