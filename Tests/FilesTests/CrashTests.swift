import Attribution
import Configuration
import Foundation
import Logging
import TestKit
import Testing
import Traffic

@testable import Files

/// Files are taken once, whatever happens to the process that takes them and to the cluster.
@Suite struct CrashTests {
  private static let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

  @Test(arguments: 1...60 as ClosedRange<UInt64>)
  func everyRecordComesOnceHoweverOftenTheProcessDies(_ seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let folder = try TemporaryFolder()
    var expected: [EventKind: Int] = [:]
    for number in 0..<6 {
      let kind = EventKind.allCases[Int(random.below(4))]
      let count = Int(random.below(120))
      expected[kind, default: 0] += count
      let lines = (0..<count).map { CrashTests.record(kind, "\(number)-\($0)") }
      try folder.write("\(kind.inputName)-\(number).jsonl", lines.joined(separator: "\n"))
    }
    var configuration = Configuration()
    configuration.applicationID = "crash"
    var topics = Dictionary(
      uniqueKeysWithValues: configuration.inputTopics.map { ($0.name, 3) })
    topics[configuration.filesTopic] = 1
    let log = MemoryLog(topics: topics)
    let world = CrashingWorld(random)
    log.environment = world

    for _ in 0..<400 where !(try Self.waiting(folder).isEmpty) {
      let process = SimulatedProcess("ingest")
      log.process = process
      world.isCalm = world.lives > 200
      world.lives += 1
      try run(configuration, log, folder, until: { process.isDead })
      // What the dead have left open ends, as a successor's start has it.
    }
    world.isCalm = true
    #expect(try Self.waiting(folder).isEmpty, "seed \(seed): not all was taken")
    #expect(log.violations.isEmpty, "seed \(seed): \(log.violations)")
    for input in configuration.inputTopics {
      var ids: [String: Int] = [:]
      log.forEachRecord(of: input.name) { record in
        ids[String(decoding: record.value!, as: UTF8.self), default: 0] += 1
      }
      #expect(ids.count == expected[input.kinds[0]] ?? 0, "seed \(seed): \(input.name)")
      #expect(ids.values.allSatisfy { $0 == 1 }, "seed \(seed): \(input.name)")
    }
  }

  private func run(
    _ configuration: Configuration, _ log: MemoryLog, _ folder: TemporaryFolder,
    until isOver: @escaping () -> Bool
  ) throws {
    var options = FileIngest.Options()
    options.transactionSize = 25
    options.firstPause = 0
    let ingest = FileIngest(
      configuration, options, log: log, logger: CrashTests.quiet, shouldStop: isOver)
    defer { ingest.close() }
    do {
      try ingest.start()
      try ingest.take([folder.url.path])
    } catch {
      // A start that fails is tried again, as whoever watches over the process does.
    }
  }

  private static func waiting(_ folder: TemporaryFolder) throws -> [String] {
    try WatchedFolder(folder: folder.url.path).files()
  }

  private static func record(_ kind: EventKind, _ id: String) -> String {
    let fields =
      switch kind {
      case .impression, .click: #""user_id":"u-\#(id)","campaign_id":"c-1""#
      case .conversion: #""user_id":"u-\#(id)""#
      case .cost: #""campaign_id":"c-1","amount":1"#
      }
    return #"{"event_id":"\#(id)","event_time":1767571570250,\#(fields)}"#
  }
}

/// A cluster in which calls fail, commits time out and happen all the same, and processes are killed.
private final class CrashingWorld: LogEnvironment {
  var isCalm = false
  var lives = 0
  private var random: SeededRandom
  private(set) var clusterTime: Int64 = 0

  init(_ random: SeededRandom) { self.random = random }

  func meet(_ call: LogCall, of process: SimulatedProcess) throws {
    clusterTime += 1
    guard !isCalm else { return }
    switch random.below(400) {
    case 0..<3: process.kill()
    case 3: throw LogFault.error(.renewProducer, at: call)
    case 4 where call != .produce: throw LogFault.error(.retry, at: call)
    default: break
    }
  }

  func pass(milliseconds: Int64) { clusterTime += milliseconds }
  func note(_ event: ClusterEvent) {}
  func landingDelay() -> Int64? { random.below(2) == 0 ? random.below(200) : nil }
  func answerDelay() -> Int64 { 0 }
}
