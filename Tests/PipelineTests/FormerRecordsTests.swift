// Safety: records are lent for one call each.

import Attribution
import Codec
import Configuration
import Foundation
import Testing

@testable import Pipeline

/// What an earlier version has left in the topics is read: an upgrade goes on from it.
///
/// Where a format changes for good, these records have to be refused with the line that docs/operating/recovery.md
/// names, and the records of the new version join them.
@Suite struct FormerRecordsTests {
  private struct Row: Decodable {
    var key: Data
    var value: Data?
    var headers: [String: Data]
    var name: String { String(decoding: key, as: UTF8.self) }
  }

  private struct Former: Decodable {
    var state: [Row]
    var deltas: [Row]
    var rollups: [Row]
    var attributions: [Row]
  }

  private let former: Former
  private let configuration: Configuration

  init() throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Fixtures/records-0.1.0.json")
    former = try JSONDecoder().decode(Former.self, from: try Data(contentsOf: file))
    var configuration = Configuration()
    configuration.applicationID = "fixture"
    self.configuration = configuration
  }

  @Test func aTaskIsRestoredAndStillKnowsItsEvents() throws {
    let definitions = configuration.definitions
    let row = try #require(former.state.first { $0.name == "keyed|progress" }?.value)
    let progress = try row.withUnsafeBytes {
      try ProgressRecord($0, under: definitions.fingerprint, topic: "state")
    }
    #expect(progress.checkpoint.inputs.map(\.position) == [72, 54, 3])
    let task = AttributionTask(
      definitions: definitions, kinds: [.impression, .click, .conversion],
      secret: try #require(IdentitySecret(progress.checkpoint.secret)))
    task.restore(
      watermark: progress.watermark, retentionMark: progress.retentionMark,
      largest: progress.largest)
    var restoration = Restoration(task)
    var outcomes: [Outcome] = []
    let chunks = former.state.filter { $0.name.hasPrefix("keyed|") && $0.name != "keyed|progress" }
    for chunk in chunks {
      let number = try #require(UInt64(chunk.name.split(separator: "|")[1]))
      try chunk.value?.withUnsafeBytes {
        try restoration.add($0, bucket: StateBucket(number: number))
      }
    }
    for chunk in chunks {
      try chunk.value?.withUnsafeBytes { value in
        var reader = try ChangelogReader(value, task.key, definitions)
        while let entry = try reader.next() {
          if entry.subject == .event { outcomes.append(task.apply(entry.event)) }
        }
      }
    }
    #expect(restoration.count == 120)
    #expect(outcomes.count == 120 && outcomes.allSatisfy { $0 == .duplicate })
  }

  @Test func rollupsAreRestoredAndGoOnWhereTheyStood() throws {
    let codec = RollupCodec(definitions: configuration.definitions)
    var sums = RollupSums(modelCount: 1)
    var header: ProgressHeader.Content?
    for row in former.rollups {
      if let found = row.headers[ProgressHeader.name] {
        header = try found.withUnsafeBytes {
          try ProgressHeader.decode(
            $0, fingerprint: ProgressHeader.fingerprint(of: configuration), topic: "rollups")
        }
      } else if let value = row.value, row.name.hasPrefix("campaign_5m|") {
        sums.add(try codec.decode(Array(value)).sums)
      }
    }
    #expect(sums.impressions == 66 && sums.clicks == 51 && sums.credits == [3_000_000])
    #expect(header?.tasks.isEmpty == false)
  }

  @Test func deltasAndAttributionsAreRead() throws {
    let layout = SumsLayout(modelCount: 1)
    var clicks: Int64 = 0
    for row in former.deltas {
      try row.value?.withUnsafeBytes { value in
        guard row.name == "+" else {
          _ = try DeltaWire.decodeStatus(value)
          return
        }
        var reader = try DeltaBatchReader(
          value, views: configuration.definitions.views, layout: layout)
        var columns = [Int64](repeating: 0, count: layout.width)
        while try columns.withUnsafeMutableBufferPointer({ try reader.next(into: $0) }) != nil {
          if reader.view == 0 { clicks += columns[SumsLayout.clicks] }
        }
      }
    }
    #expect(clicks == 51)
    let values = try former.attributions.compactMap(\.value).map {
      try AttributionCodec.decode(Array($0))
    }
    #expect(values.count == 3)
  }
}
