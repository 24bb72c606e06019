import Attribution
import Codec

/// How one task stands, as a commit of the first stage tells the second.
struct StatusReport: Equatable {
  var task: Int32
  var status: TaskStatus
  /// Whether it is so far behind its inputs that nobody waits for what it has just counted.
  var isCatchingUp = false
  /// When the events of the commit were accepted. One partition is told, which one is the task's number's: so every event
  /// is measured once.
  var times = AcceptanceTimes()

  private static let catchingUpBit: UInt8 = 1
  private static let timesBit: UInt8 = 2

  /// - Parameter withTimes: whether it goes to the partition that is told.
  func encode(withTimes: Bool, into bytes: inout [UInt8]) {
    let hasTimes = withTimes && !times.isEmpty
    bytes.append(varint: UInt64(UInt32(bitPattern: task)))
    bytes.append((isCatchingUp ? Self.catchingUpBit : 0) | (hasTimes ? Self.timesBit : 0))
    DeltaWire.encode(status, into: &bytes)
    guard hasTimes else { return }
    let encoded = times.header.value ?? []
    bytes.append(varint: UInt64(encoded.count))
    bytes += encoded
  }

  init(
    task: Int32, status: TaskStatus, isCatchingUp: Bool = false, times: AcceptanceTimes = .init()
  ) {
    self.task = task
    self.status = status
    self.isCatchingUp = isCatchingUp
    self.times = times
  }

  fileprivate init(_ reader: inout ByteReader) throws {
    task = Int32(truncatingIfNeeded: reader.varint())
    let flags: UInt8 = reader.integer()
    isCatchingUp = flags & Self.catchingUpBit != 0
    status = try DeltaWire.decodeStatus(reader.bytes(DeltaWire.statusSize))
    guard flags & Self.timesBit != 0 else { return }
    let count = reader.varint()
    guard count < 1 << 16 else { throw DeltaWire.truncated }
    times = AcceptanceTimes(reader.bytes(Int(count)))
  }
}

/// What one commit says of all tasks of a worker: one record for each partition of the deltas, however many tasks there are.
struct StatusReports {
  /// For every partition.
  private(set) var toAll: [StatusReport] = []
  /// For the one partition that measures a task's latency.
  private(set) var toOne: [StatusReport] = []
  private var common: [UInt8] = []

  var isEmpty: Bool { toAll.isEmpty && toOne.isEmpty }

  mutating func add(_ report: StatusReport) {
    if !report.times.isEmpty { toOne.append(report) }
    toAll.append(report)
  }

  /// Adds one that says nothing new but when events were accepted.
  mutating func add(measuring report: StatusReport) { toOne.append(report) }

  mutating func removeAll() {
    toAll.removeAll(keepingCapacity: true)
    toOne.removeAll(keepingCapacity: true)
  }

  /// Visits the value of each partition that is told something. Linear in tasks and partitions, but for the bytes.
  mutating func forEachValue(
    _ partitionCount: Int32, _ body: (Int32, UnsafeRawBufferPointer) throws -> Void
  ) throws {
    common.removeAll(keepingCapacity: true)
    common.append(DeltaWire.statusesVersion)
    for report in toAll { report.encode(withTimes: false, into: &common) }
    let told = Dictionary(grouping: toOne) { $0.task % partitionCount }
    for partition in 0..<partitionCount {
      guard let measured = told[partition] else {
        if !toAll.isEmpty { try common.withUnsafeBytes { try body(partition, $0) } }
        continue
      }
      let length = common.count
      for report in measured { report.encode(withTimes: true, into: &common) }
      try common.withUnsafeBytes { try body(partition, $0) }
      common.removeLast(common.count - length)
    }
  }
}

extension DeltaWire {
  /// Of records with the statuses of many tasks.
  static let statusesVersion: UInt8 = 3

  /// The key of every record with the statuses of many tasks. Those of one have its number behind it.
  static let statusesKey: [UInt8] = [UInt8(ascii: "@")]

  static func isStatuses(_ key: UnsafeRawBufferPointer) -> Bool {
    key.count == 1 && key.first == statusesKey.first
  }

  static func forEachStatus(
    in value: UnsafeRawBufferPointer, _ body: (StatusReport) throws -> Void
  ) throws {
    var reader = ByteReader(value)
    try check(&reader, statusesVersion)
    while !reader.isAtEnd {
      let report = try StatusReport(&reader)
      if reader.isCut { throw truncated }
      try body(report)
    }
  }
}
