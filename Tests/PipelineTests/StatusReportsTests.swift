import Attribution
import Testing

@testable import Pipeline

/// What a commit says of many tasks: records grow with partitions, not with tasks times partitions.
@Suite struct StatusReportsTests {
  private func values(_ reports: inout StatusReports, _ partitions: Int32) throws -> [Int32:
    [UInt8]]
  {
    var values: [Int32: [UInt8]] = [:]
    try reports.forEachValue(partitions) { partition, value in
      #expect(values[partition] == nil)
      values[partition] = Array(value)
    }
    return values
  }

  private func decode(_ value: [UInt8]) throws -> [StatusReport] {
    var read: [StatusReport] = []
    try value.withUnsafeBytes { try DeltaWire.forEachStatus(in: $0) { read.append($0) } }
    return read
  }

  @Test func aPartitionGetsOneRecordHoweverManyTasksThereAre() throws {
    var reports = StatusReports()
    for task in 0..<256 as Range<Int32> {
      var times = AcceptanceTimes()
      if task % 2 == 0 { times.note(Int(task) + 1, at: 1_000) }
      reports.add(
        StatusReport(
          task: task, status: .active(Watermark(Int64(task) * 1_000)), isCatchingUp: task % 3 == 0,
          times: times))
    }
    let values = try values(&reports, 64)
    #expect(values.count == 64)
    for (partition, value) in values {
      let read = try decode(value)
      // All of them, and those whose latency is measured here.
      #expect(value.count < 256 * 14 + 4 * 40)
      #expect(Array(read.prefix(256)).map(\.task) == Array(0..<256))
      #expect(read.prefix(256).allSatisfy { $0.times.isEmpty })
      #expect(read[9].status == .active(Watermark(9_000)) && read[9].isCatchingUp)
      let measured = read.dropFirst(256)
      #expect(measured.allSatisfy { $0.task % 64 == partition && !$0.times.isEmpty })
      #expect(measured.count == (partition % 2 == 0 ? 4 : 0))
    }
  }

  @Test func whatIsOnlyMeasuredGoesToOnePartition() throws {
    var reports = StatusReports()
    #expect(reports.isEmpty)
    var times = AcceptanceTimes()
    times.note(3, at: 77)
    let report = StatusReport(task: 9, status: .idle(asOf: 5), times: times)
    reports.add(measuring: report)
    let values = try values(&reports, 4)
    #expect(values.keys.map { $0 } == [1])
    #expect(try decode(values[1]!) == [report])
    reports.removeAll()
    #expect(reports.isEmpty)
  }

  @Test func recordsThatAreCutOrOfAnotherVersionAreRefused() throws {
    var reports = StatusReports()
    reports.add(StatusReport(task: 300, status: .finished(through: 7)))
    let value = try #require(try values(&reports, 1)[0])
    #expect(try decode(value).map(\.task) == [300])
    for count in 0..<value.count where count != 1 {
      #expect(throws: (any Error).self) { try decode(Array(value.prefix(count))) }
    }
    #expect(throws: (any Error).self) { try decode([9] + value.dropFirst()) }
  }
}
