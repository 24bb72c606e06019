import Attribution
import Foundation
import Logging
import TestKit
import Testing

@testable import Configuration
@testable import Files

/// Foreign files reach the topics in our own form, once, or once more when that is asked for.
@Suite struct AgainTests {
  private static let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

  private struct World {
    let folder: TemporaryFolder
    let log: MemoryLog
    let configuration: Configuration

    init(_ entries: String...) throws {
      folder = try TemporaryFolder()
      let inputs = entries.map { "  - {\($0)}\n" }.joined()
      configuration = try Configuration.load(yaml: "inputs:\n" + inputs)
      var topics = ["impressions": 2, "clicks": 2, "conversions": 2, "costs": 2]
      topics[configuration.filesTopic] = 1
      log = MemoryLog(topics: topics)
    }

    func ingest(
      again: Bool = false, brokenShare: Double = 0.2, transactionSize: Int = 20_000,
      shouldStop: @escaping () -> Bool = { false }
    ) throws -> FileIngest.Summary {
      var options = FileIngest.Options()
      options.rules = try FileRules(configuration)
      options.takesAgain = again
      options.brokenShare = brokenShare
      options.keepsFiles = true
      options.transactionSize = transactionSize
      log.process = SimulatedProcess("ingest")
      let ingest = FileIngest(
        configuration, options, log: log, logger: AgainTests.quiet, shouldStop: shouldStop)
      defer { ingest.close() }
      try ingest.start()
      try ingest.take([folder.url.path])
      return ingest.summary
    }

    func records(_ topic: String) -> [String] {
      var found: [String] = []
      log.forEachRecord(of: topic) { found.append(String(decoding: $0.value!, as: UTF8.self)) }
      return found.sorted()
    }
  }

  private static let entry = """
    kind: click, files: "ads*.csv", where: {type: click}, fields: {event_id: id, user_id: user, \
    event_time: {path: ts, unit: s}}
    """
  private static let csv = """
    id,user,ts,campaign_id,type
    1,u,1767571570,c,click
    2,u,1767571571,c,view
    3,v,1767571572,c,click

    """

  @Test func aForeignFileReachesTheTopicInOurForm() throws {
    let world = try World(Self.entry)
    try world.folder.write("ads.csv", Self.csv)
    let summary = try world.ingest()
    #expect(summary.taken == 1 && summary.records == [.click: 2])
    #expect(
      world.records("clicks") == [
        #"{"event_id":"1","user_id":"u","event_time":1767571570000,"campaign_id":"c"}"#,
        #"{"event_id":"3","user_id":"v","event_time":1767571572000,"campaign_id":"c"}"#,
      ])
  }

  @Test func aKnownFileIsTakenOnceMoreOnlyWhenThatIsAskedFor() throws {
    let world = try World(Self.entry)
    try world.folder.write("ads.csv", Self.csv)
    _ = try world.ingest()
    #expect(try world.ingest().known == 1)
    #expect(world.records("clicks").count == 2)
    for times in 2...3 {
      let summary = try world.ingest(again: true)
      #expect(summary.taken == 1 && summary.records == [.click: 2])
      #expect(world.records("clicks").count == 2 * times)
    }
    #expect(try world.ingest().known == 1)
  }

  /// Stopped after each transaction in turn: what is in the topic is not sent again.
  @Test func aRunThatIsCutOffGoesOnBehindWhatWasCommitted() throws {
    let rows = (0..<50).map { "\($0),u,17675715\($0 + 10),c,\($0 % 3 == 0 ? "view" : "click")\n" }
    for again in [false, true] {
      let world = try World(Self.entry)
      try world.folder.write("ads.csv", "id,user,ts,campaign_id,type\n" + rows.joined())
      if again { _ = try world.ingest() }
      let before = world.records("clicks").count
      var rounds = 0
      var sent = 0
      while world.records("clicks").count < before + 33, rounds < 100 {
        var asked = 0
        let summary = try world.ingest(again: again && rounds == 0, transactionSize: 7) {
          asked += 1
          return asked > 4
        }
        sent += summary.records[.click] ?? 0
        rounds += 1
      }
      #expect(rounds > 2 && sent == 33)
      #expect(try world.ingest().known == 1)
      #expect(world.records("clicks").count == before + 33)
    }
  }

  /// Where the mapping says that the file has another number of records, nobody knows where to go on.
  @Test func aMappingThatChangesInTheMiddleIsRefused() throws {
    let folder = try TemporaryFolder()
    let log = MemoryLog(topics: ["clicks": 2, "conversions": 2, "tributary-files": 1])
    let rows = (0..<50).map { "\($0),u,17675715\($0 + 10),c,\($0 % 2)\n" }
    let path = try folder.write(
      "ads.csv", "event_id,user_id,event_time,campaign_id,a\n" + rows.joined())
    func ingest(_ entries: String, limit: Int) throws -> FileIngest.Summary {
      var options = FileIngest.Options()
      let settings = try Configuration.load(yaml: "inputs:\n" + entries)
      options.rules = try FileRules(settings)
      options.keepsFiles = true
      options.brokenShare = 1
      options.transactionSize = 7
      log.process = SimulatedProcess("ingest")
      var asked = 0
      let ingest = FileIngest(settings, options, log: log, logger: Self.quiet) {
        asked += 1
        return asked > limit
      }
      defer { ingest.close() }
      try ingest.start()
      try ingest.take([path])
      return ingest.summary
    }
    let whole = "  - {kind: click, files: ads.csv}\n"
    let parted = "  - {kind: conversion, files: ads.csv, where: {a: 1}}\n" + whole
    #expect(try ingest(whole, limit: 4).taken == 0)
    #expect(try ingest(parted, limit: 1_000).failed == 1)
    #expect(try ingest(whole, limit: 1_000).taken == 1)
    var count = 0
    log.forEachRecord(of: "clicks") { _ in count += 1 }
    #expect(count == 50)
  }

  @Test func aFileOfFaultsIsLeftOutAndCounted() throws {
    let world = try World(Self.entry)
    try world.folder.write(
      "ads.csv",
      "id,user,ts,campaign_id,type\n1,u,soon,c,click\n2,u,1767571571,c,click\n,u,,c,view\n")
    let refused = try world.ingest()
    #expect(refused.rejected == 1 && world.records("clicks").isEmpty)
    #expect(refused.faults[.click]?.sorted.map(\.group.name) == ["invalid_field event_time"])
    let taken = try world.ingest(brokenShare: 0.5)
    #expect(taken.taken == 1 && taken.records == [.click: 2])
    #expect(
      world.records("clicks").contains(
        #"{"event_id":"1","user_id":"u","event_time":["soon"],"campaign_id":"c"}"#))
  }

  @Test func onlyTopicsInOurFormAreWrittenTo() throws {
    let world = try World(
      Self.entry, "kind: click, topic: ad-events, fields: {event_id: id}",
      "kind: conversion, topic: conversions")
    try world.folder.write("ads.csv", Self.csv)
    let summary = try world.ingest()
    #expect(summary.failed == 1 && world.records("clicks").isEmpty)
  }
}
