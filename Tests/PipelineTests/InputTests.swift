// Safety: the stub lends the bytes of a static string, which never goes away; one test on one thread uses it.

import Attribution
import Cluster
import Inputs
import Kafka
import Testing

@testable import Pipeline

/// One input partition of a task, over a log that says what a test wants.
@Suite struct InputTests {
  static let partition = TopicPartition(topic: "clicks", partition: 0)
  static var task: AttributionTask {
    AttributionTask(definitions: Definitions(), kinds: [.click], secret: .test)
  }

  @Test func aLogThatHasBecomeShorterIsRefused() throws {
    let log = StubLog(offsets: [0])
    let input = makeInput(log, start: 5)
    let error = #expect(throws: OperatorError.self) { try input.fill(for: InputTests.task, now: 0) }
    #expect(error?.description.contains("goes on at offset 0, but was processed to 5") == true)
  }

  /// Compaction and the control records of transactions leave holes; nothing is lost by them.
  @Test func aHoleInTheOffsetsIsNoLoss() throws {
    let log = StubLog(offsets: [7, 9])
    let input = makeInput(log, start: 5)
    try input.fill(for: InputTests.task, now: 0)
    #expect(input.waiting.map(\.offset) == [7, 9])
    #expect(input.record(1).offset == 9)
    input.take(1)
    #expect(input.position == 8)
    #expect(input.record(0).offset == 9)
    input.take(1)
    #expect(input.position == 10)
    #expect(input.overtaken == nil)
  }

  /// Retention has taken what comes next: the reader says so, and does not go on behind it.
  @Test func recordsThatAreGoneAreNotReadOver() throws {
    let log = StubLog(offsets: [5])
    let input = makeInput(log, start: 5)
    try input.fill(for: InputTests.task, now: 0)
    input.take(1)
    log.isGone = true
    try input.fill(for: InputTests.task, now: 0)
    let error = try #require(input.overtaken)
    #expect("\(error)".contains("clicks[0] no longer holds offset 6"))
    log.isGone = false
    log.add([9])
    try input.fill(for: InputTests.task, now: 0)
    #expect(!input.hasRow && input.position == 6 && !input.isAtEnd && !input.isFinished)
    #expect(input.checkpoint.position == 6 && input.checkpoint.last?.offset == 5)
  }

  @Test func anInputIsIdleOnlyOnceTheBrokerHasConfirmedItsEnd() throws {
    let log = StubLog(offsets: [])
    let input = makeInput(log, start: 5)
    log.reachedEnd = 5
    try input.fill(for: InputTests.task, now: 0)
    log.answer = { throw KafkaError(code: -1, name: "_TRANSPORT", message: "", operation: "") }
    let ends = EndProbe(log)
    func isIdle(_ now: Milliseconds) -> Bool {
      if input.isIdle(now: now, timeout: 60_000, ends) { return true }
      for _ in 0..<2 { ends.advance() }
      return input.isIdle(now: now, timeout: 60_000, ends)
    }
    #expect(!isIdle(60_000))
    log.answer = { 6 }
    #expect(!isIdle(70_000))
    log.answer = { 5 }
    #expect(!isIdle(70_001), "asks again only after a pause")
    #expect(isIdle(80_000))
    log.answer = { 6 }
    #expect(isIdle(90_000), "until something arrives")
  }

  @Test func recordsThatTheBrokerHoldsButThatDoNotComeAreAnError() throws {
    let log = StubLog(offsets: [])
    let input = makeInput(log, start: 5)
    let ends = EndProbe(log)
    var now: Milliseconds = 0
    /// Looks every 10 s for a while.
    func wait(seconds: Milliseconds) throws {
      for _ in 0..<seconds / 10 {
        now += 10_000
        try input.fill(for: InputTests.task, now: now)
        if !input.hasRow { try input.checkArrival(now: now, ends) }
        for _ in 0..<2 { ends.advance() }
      }
    }
    log.answer = { throw KafkaError(code: -1, name: "_TRANSPORT", message: "", operation: "") }
    try wait(seconds: 200)
    log.answer = { 5 }
    try wait(seconds: 200)
    // The log goes on, but before it is called overdue its end is met.
    log.answer = { 9 }
    try wait(seconds: 40)
    log.reachedEnd = 9
    try wait(seconds: 200)
    // It goes on again.
    log.reachedEnd = nil
    log.add([9])
    try wait(seconds: 10)
    input.take(1)
    log.answer = { 12 }
    try wait(seconds: 60)
    let error = #expect(throws: KafkaError.self) { try wait(seconds: 30) }
    #expect(error?.description.contains("from offset 10 to 12") == true)
    #expect(error?.recovery == .unspecified)
  }

  @Test func behindTheLastRecordAnInputStepsOverTheMarksOfTransactions() throws {
    let log = StubLog(offsets: [5, 6])
    log.reachedEnd = 8
    let input = makeInput(log, start: 5, stop: 8)
    try input.fill(for: InputTests.task, now: 0)
    input.take(1)
    #expect(input.position == 6)
    input.take(1)
    #expect(input.isFinished)
    #expect(input.position == 8, "what is committed must reach the end that is waited for")
  }

  @Test func anInputNeverStepsOverRecordsBehindItsStop() throws {
    let log = StubLog(offsets: [5, 6, 9])
    log.reachedEnd = 11
    let input = makeInput(log, start: 5, stop: 8)
    try input.fill(for: InputTests.task, now: 0)
    input.take(2)
    #expect(input.position == 8)
  }

  @Test func whatIsLeftOfAMessageThatWasBegunIsKnown() throws {
    let log = StubLog(offsets: [5, 6, 6, 6, 9])
    let input = makeInput(log, start: 5)
    #expect(input.restOfMessage == 0)
    try input.fill(for: InputTests.task, now: 0)
    #expect(input.restOfMessage == 0, "none has been begun")
    input.take(1)
    #expect(input.restOfMessage == 0)
    input.take(1)
    #expect(input.position == 7 && input.restOfMessage == 2)
    input.take(2)
    #expect(input.position == 7 && input.restOfMessage == 0)
    input.take(1)
    #expect(input.position == 10 && input.restOfMessage == 0)
  }

  private func makeInput(_ log: StubLog, start: Int64, stop: Int64? = nil) -> InputPartition {
    InputPartition(
      number: 1, partition: InputTests.partition, plan: InputPlan(topic: "clicks", kind: .click),
      reader: log, definitions: Definitions(), start: start, stop: stop, now: 0)
  }
}

/// A partition that holds records at given offsets, and a broker that answers as told.
private final class StubLog: LogReader, LogProber, @unchecked Sendable {
  private static let value: StaticString = "{}"
  private var offsets: [Int64]
  private var lent: [Int64] = []
  var reachedEnd: Int64?
  var answer: () throws -> Int64 = { 0 }
  /// Whether the next offset has been deleted.
  var isGone = false

  init(offsets: [Int64]) { self.offsets = offsets }

  func add(_ more: [Int64]) { offsets += more }

  func read() throws -> Int {
    if isGone {
      throw KafkaError(code: -140, name: "_AUTO_OFFSET_RESET", message: "", operation: "read")
    }
    lent = offsets
    offsets = []
    return lent.count
  }

  subscript(index: Int) -> Record {
    let bytes = UnsafeRawBufferPointer(
      start: StubLog.value.utf8Start, count: StubLog.value.utf8CodeUnitCount)
    return Record(
      partition: 0, offset: lent[index], timestamp: 0, key: nil, value: bytes, headers: [])
  }

  var endOffset: Int64? { reachedEnd }

  func bounds(
    of partitions: [TopicPartition]
  ) -> PendingAnswer<[TopicPartition: Result<LogBounds, any Error>]> {
    let bounds = Result { try answer() }.map { LogBounds(start: 0, stableEnd: $0, end: $0) }
    return PendingAnswer(.success([InputTests.partition: bounds]))
  }

  func committed(
    _ partitions: [TopicPartition], by group: String
  ) -> PendingAnswer<[TopicPartition: Int64]> { PendingAnswer(.success([:])) }

  func record(
    atOrAfter offset: Int64, of partition: TopicPartition
  ) -> PendingAnswer<RecordFingerprint?> { PendingAnswer(.success(nil)) }

  func deleteRecords(before offsets: [TopicPartition: Int64]) -> PendingAnswer<Void> {
    PendingAnswer(.success(()))
  }
}
