import Attribution
import Configuration
import Foundation
import Logging
import Synchronization
import TestKit
import Testing
import Traffic

@testable import Files

/// Files of a store that fails, in the hands of processes that die, are in the topics once and whole.
@Suite struct StoreOutageTests {
  private static let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

  /// A content whose reads fail now and then.
  private final class FlakyContent: FileContent {
    private let bytes: [UInt8]
    private let name: String
    private let random: Mutex<SeededRandom>
    let isCalm: @Sendable () -> Bool
    let awaited = Mutex(0)

    init(_ name: String, _ bytes: [UInt8], seed: UInt64, isCalm: @escaping @Sendable () -> Bool) {
      self.name = name
      self.bytes = bytes
      random = Mutex(SeededRandom(seed: seed))
      self.isCalm = isCalm
    }

    func open() throws -> any ByteSource { Source(self, bytes) }
    func localPath() throws -> String { throw FileError("none") }
    func identity() throws -> String { "s3://b/\(name)|etag=1" }
    var stamp: String? { name }
    var size: Int64 { Int64(bytes.count) }
    /// Short now and then: the transaction ends there.
    var isShort: Bool { random.withLock { $0.below(3) == 0 } }
    func awaitBytes() throws {
      awaited.withLock { $0 += 1 }
      try fail()
    }

    func fail() throws {
      guard !isCalm(), random.withLock({ $0.below(12) }) == 0 else { return }
      throw StoreOutage("\(name): no answer")
    }

    private final class Source: ByteSource {
      private let content: FlakyContent
      private let pieces: Pieces
      init(_ content: FlakyContent, _ bytes: [UInt8]) {
        self.content = content
        pieces = Pieces(bytes, size: 700)
      }
      var consumed: Int64 { pieces.consumed }
      func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        try content.fail()
        return try pieces.read(into: buffer)
      }
    }
  }

  private final class Store: FileStore {
    var outcomes: [FileOutcome] = []
    let files: [IncomingFile]
    init(_ files: [IncomingFile]) { self.files = files }
    func list(_ body: (IncomingFile) throws -> Void) throws { for file in files { try body(file) } }
    func setAside(
      _ file: IncomingFile, _ report: RejectionReport, as outcome: FileOutcome
    ) throws -> FilePlace {
      outcomes.append(outcome)
      return FilePlace()
    }
  }

  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func everyRecordComesOnceHoweverOftenTheStoreFails(_ seed: UInt64) throws {
    let calm = Atomic(false)
    let files = (0..<4).map { number in
      let lines = (0..<60).map {
        #"{"event_id":"\#(number)-\#($0)","user_id":"u","event_time":1767571570250,"campaign_id":"c"}"#
      }
      let name = "clicks-\(number).jsonl"
      let content = FlakyContent(
        name, Array(lines.joined(separator: "\n").utf8), seed: seed * 10 + UInt64(number)
      ) { calm.load(ordering: .relaxed) }
      return IncomingFile(path: "s3://b/\(name)", folder: "s3://b", content: content)
    }
    let configuration = Configuration()
    let log = MemoryLog(topics: ["clicks": 2, configuration.filesTopic: 1])
    let store = Store(files)
    var random = SeededRandom(seed: seed)
    for life in 0..<60 {
      if life == 50 { calm.store(true, ordering: .relaxed) }
      log.process = SimulatedProcess("ingest")
      let steps = 1 + random.below(40)
      var asked: UInt64 = 0
      var options = FileIngest.Options()
      options.transactionSize = 7
      options.firstPause = 0
      // A process that is told to stop at some point, as by SIGTERM.
      let ingest = FileIngest(
        configuration, options, log: log, logger: Self.quiet,
        shouldStop: {
          asked += 1
          return life < 50 && asked > steps
        })
      defer { ingest.close() }
      try ingest.start()
      try store.list { file in
        guard let surveyed = try ingest.surveyor.survey(file, shouldStop: { false }) else { return }
        _ = try ingest.take(surveyed, of: store)
      }
    }
    var ids: [String: Int] = [:]
    log.forEachRecord(of: "clicks") { record in
      ids[String(decoding: record.value!, as: UTF8.self), default: 0] += 1
    }
    #expect(ids.count == 240)
    #expect(ids.values.allSatisfy { $0 == 1 })
    #expect(log.violations.isEmpty)
    #expect(store.outcomes.filter { $0 == .taken }.count >= 4)
  }

  @Test func whatTheLedgerKnowsIsNotReadAgain() throws {
    final class Known: FileContent {
      let reads = Mutex(0)
      func open() throws -> any ByteSource {
        reads.withLock { $0 += 1 }
        let line = #"{"event_id":"1","user_id":"u","event_time":1767571570250,"campaign_id":"c"}"#
        return Pieces(Array(line.utf8), size: 10)
      }
      func localPath() throws -> String { throw FileError("none") }
      func identity() throws -> String { "s3://b/k|version=1" }
      var likelyIdentity: String? { "s3://b/k|version=1" }
      var stamp: String? { "k" }
      var size: Int64 { 1 }
    }
    let configuration = Configuration()
    let log = MemoryLog(topics: ["clicks": 2, configuration.filesTopic: 1])
    log.process = SimulatedProcess("ingest")
    let content = Known()
    let file = IncomingFile(path: "s3://b/clicks.jsonl", folder: "s3://b", content: content)
    let store = Store([file])
    let ingest = FileIngest(
      configuration, FileIngest.Options(), log: log, logger: Self.quiet, shouldStop: { false })
    defer { ingest.close() }
    try ingest.start()
    #expect(try !ingest.knows(file))
    let surveyed = try #require(try ingest.surveyor.survey(file, shouldStop: { false }))
    #expect(try ingest.take(surveyed, of: store) == .taken)
    #expect(try ingest.knows(file))
    #expect(content.reads.withLock { $0 } == 2)
    #expect(ingest.monitor.counts.bytes == 1)
  }
}
