import Attribution
import Cluster
import Configuration
import Foundation
import Kafka
import Testing

@testable import Files

/// Many files are read as one input in the order of event time, and the inputs in step.
@Suite struct MergeTests {
  private static let start: Milliseconds = 1_767_571_200_000
  private static let hour: Milliseconds = 3_600_000

  private func click(_ id: String, _ time: Milliseconds) -> String {
    #"{"event_id":"\#(id)","user_id":"u","campaign_id":"c","event_time":\#(time)}"# + "\n"
  }

  private func cost(_ id: String, _ time: Milliseconds) -> String {
    #"{"event_id":"\#(id)","campaign_id":"c","amount":1,"event_time":\#(time)}"# + "\n"
  }

  /// Clicks every minute for ten hours, dealt out to files; nothing may be a minute late.
  @Test func filesThatOverlapNeedNoHorizon() throws {
    let input = try TemporaryFolder()
    let lines = (0..<600).map { click("\($0)", MergeTests.start + Int64($0) * 60_000) }
    for number in 0..<7 {
      let own = lines.enumerated().filter { $0.offset % 7 == number || $0.offset < 70 * number }
      try input.write("clicks-\(9 - number).jsonl", own.map(\.element).joined())
    }
    try input.write("clicks-empty.jsonl", "")
    try input.write("clicks-junk.jsonl", "{\n{\n")
    var configuration = Configuration()
    configuration.definitions.watermarkDelay = 1_000
    configuration.definitions.correctionHorizon = 1_000
    let run = FileAttribution(
      configuration, files: try FileFinder().find([input.url.path]).files,
      output: input.path("out.csv"), attributions: nil)
    let counts = try run.run().counts[.click]
    #expect(counts?.accepted == 600 && counts?.late == 0 && counts?.tooLate == 0)
    #expect(counts?.deadLetters == 2)
  }

  @Test func aFileIsOpenedWhenItsTimeComes() throws {
    let folder = try TemporaryFolder()
    let late = try folder.write("clicks-1.jsonl", click("b", MergeTests.start + MergeTests.hour))
    let early = try folder.write(
      "clicks-2.jsonl", click("a", MergeTests.start) + click("c", MergeTests.start + 9_000_000))
    let files = [late, early].map {
      InputFile(path: $0, kind: .click, format: .json)
    }
    let merge = try FileMerge(.click, files, Definitions())
    var order: [String] = []
    while let next = merge.next {
      order.append("\(next.number)")
      try merge.advance()
    }
    #expect(order == ["1", "0", "1"])
    #expect(merge.time == .max)
    #expect(merge.consumed == Int64(try folder.bytes("clicks-1.jsonl").count * 3))
  }

  @Test func neitherCostsNorTouchesRunAwayFromOneAnother() throws {
    let folder = try TemporaryFolder()
    for (costsStart, first) in [
      (MergeTests.start - 50 * MergeTests.hour, EventKind.cost),
      (MergeTests.start + 50 * MergeTests.hour, .click),
    ] {
      let costs = try folder.write("costs.jsonl", cost("x", costsStart))
      let clicks = try folder.write("clicks.jsonl", click("k", MergeTests.start))
      let configuration = Configuration()
      let store = try ResultStore(folder.path("work"), configuration.definitions)
      let log = try FileLog(
        configuration,
        files: [
          .cost: [InputFile(path: costs, kind: .cost, format: .json)],
          .click: [InputFile(path: clicks, kind: .click, format: .json)],
        ], store: store, keepsAttributions: false, timestamp: -1)
      let readers: [EventKind: any LogReader] = [
        .cost: log.reader(of: TopicPartition(topic: "costs", partition: 0)),
        .click: log.reader(of: TopicPartition(topic: "clicks", partition: 0)),
      ]
      let second: EventKind = first == .cost ? .click : .cost
      #expect(try readers[second]!.read() == 0 && readers[second]!.reachedEnd == nil)
      #expect(try readers[first]!.read() == 1)
      #expect(try readers[second]!.read() == 1)
      #expect(try readers[first]!.read() == 0 && readers[first]!.reachedEnd == .max)
    }
  }
}
