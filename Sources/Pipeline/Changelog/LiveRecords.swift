import Attribution
import Kafka

/// What compaction would leave of one task's changelog.
struct LiveRecords {
  struct Record {
    var serial: UInt64
    var bucket: StateBucket
    var value: [UInt8]
  }

  /// The latest progress record, and its offset.
  private(set) var progress: [UInt8]?
  private(set) var progressOffset: Int64 = 0
  /// Whether there is the progress record that was to be looked for.
  private(set) var hasExpectedProgress = false

  private let prefix: [UInt8]
  /// A progress record to look for.
  private let expected: [UInt8]?
  /// Records before this one count for nothing.
  private let firstSerial: UInt64
  private var bySerial: [UInt64: Record] = [:]
  /// Bytes held.
  private(set) var byteCount = 0

  /// - Parameters:
  ///   - name: of the task.
  ///   - commit: what a copy has: records before it are left out.
  init(name: String, behind commit: CopyCommit? = nil) {
    prefix = Array("\(name)|".utf8)
    expected = commit?.progress
    firstSerial = commit?.serial ?? 0
  }

  /// The records in the order in which they were written.
  var records: [Record] { bySerial.values.sorted { $0.serial < $1.serial } }

  /// Takes the partition's next record; those of other tasks count for nothing.
  ///
  /// - Parameter isProgressEnough: whether records of events count for nothing either.
  mutating func add(_ record: Kafka.Record, isProgressEnough: Bool = false) {
    guard let key = record.key, key.starts(with: prefix) else { return }
    var rest = key[(key.startIndex + prefix.count)...]
    if rest.elementsEqual("progress".utf8) {
      progress = record.value.map { Array($0) }
      progressOffset = record.offset
      if progress == expected { hasExpectedProgress = true }
      return
    }
    if isProgressEnough { return }
    guard let bucket = LiveRecords.number(&rest), rest.popFirst() == UInt8(ascii: "|"),
      let serial = LiveRecords.number(&rest), rest.isEmpty,
      serial >= firstSerial
    else { return }
    let former = bySerial.removeValue(forKey: serial)
    if let former { byteCount -= LiveRecords.bytes(former) }
    guard let value = record.value else { return }
    let found = Record(serial: serial, bucket: StateBucket(number: bucket), value: Array(value))
    bySerial[serial] = found
    byteCount += LiveRecords.bytes(found)
  }

  private static func bytes(_ record: Record) -> Int {
    record.value.count + 32 + 2 * MemoryLayout<Record>.stride
  }

  /// Takes a decimal number off the front.
  private static func number(_ text: inout Slice<UnsafeRawBufferPointer>) -> UInt64? {
    var value: UInt64?
    while let byte = text.first, byte &- UInt8(ascii: "0") < 10 {
      let (product, overflow) = (value ?? 0).multipliedReportingOverflow(by: 10)
      guard !overflow else { return nil }
      value = product &+ UInt64(byte &- UInt8(ascii: "0"))
      text.removeFirst()
    }
    return value
  }
}
