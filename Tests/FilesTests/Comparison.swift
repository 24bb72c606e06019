import Attribution
import Codec
import Configuration
import Foundation
import Logging
import TestKit
import Traffic

@testable import Files

/// What two ways to compute must agree in: every number of every rollup, and every credit. Revisions
/// and watermarks are not among it.
struct Numbers: Equatable {
  var rollups: [RollupKey: RollupSums] = [:]
  var attributions: [String: PublishedAttribution] = [:]

  /// What was counted and taken back within a commit leaves nothing, and between two of them zeros.
  mutating func add(_ rollup: Rollup) {
    rollups[rollup.key] = rollup.sums.isZero ? nil : rollup.sums
  }

  mutating func add(_ attribution: PublishedAttribution) {
    var attribution = attribution
    attribution.revision = 0
    attributions[attribution.conversionID] = attribution
  }

  /// Says where two differ first.
  func difference(from other: Numbers) -> String? {
    for (key, sums) in rollups where other.rollups[key] != sums {
      return "\(key): \(sums), \(other.rollups[key].map { "\($0)" } ?? "nothing")"
    }
    for (id, found) in attributions where other.attributions[id] != found {
      return "\(found), \(other.attributions[id].map { "\($0)" } ?? "nothing")"
    }
    return other == self ? nil : "\(other.rollups.count) rollups, not \(rollups.count)"
  }
}

extension Numbers {
  /// What both stages publish over a cluster in memory.
  init(throughTopics records: [GeneratedRecord], _ definitions: Definitions, seed: UInt64) throws {
    let simulation = Simulation(definitions, seed: seed)
    for record in records { simulation.append(record) }
    try simulation.runToEnd()
    let codec = RollupCodec(definitions: definitions)
    let topics = simulation.configuration.topics
    try simulation.log.forEachRecord(of: topics.rollups) { record in
      guard let key = record.key, let value = record.value, ProgressCodec.decodeKey(key) == nil
      else { return }
      add(try codec.decode(value))
    }
    try simulation.log.forEachRecord(of: topics.attributions) { record in
      if let value = record.value { add(try AttributionCodec.decode(value)) }
    }
  }

  /// What `attribute` makes of files.
  init(
    ofFiles paths: [String], _ definitions: Definitions, _ folder: TemporaryFolder,
    map: [String] = [], inputs: [InputEntry]? = nil, now: Milliseconds
  ) throws {
    var configuration = Configuration()
    configuration.definitions = definitions
    configuration.inputs = inputs
    let rules = try FileRules(configuration, map: ColumnMap(map))
    let found = try FileFinder(rules: rules).find(paths)
    var run = FileAttribution(
      configuration, files: found.files, output: folder.path("out.jsonl"),
      attributions: folder.path("out-attributions.jsonl"))
    run.brokenShare = 1
    _ = try run.run(now: now)
    let codec = RollupCodec(definitions: definitions)
    for line in try folder.bytes("out.jsonl").split(separator: 0x0A) {
      add(try codec.decode(Array(line)))
    }
    for line in try folder.bytes("out-attributions.jsonl").split(separator: 0x0A) {
      add(try AttributionCodec.decode(Array(line)))
    }
  }
}

extension TrafficOptions {
  /// Traffic and definitions that differ by seed, with everything that may come in files.
  static func varied(seed: UInt64, events: Int) -> TrafficOptions {
    var random = SeededRandom(seed: seed)
    var options = TrafficOptions(seed: seed, eventCount: events)
    options.users = 100 + Int(random.below(2_000))
    options.campaigns = 2 + Int(random.below(20))
    options.eventsPerSecond = 0.05 + Double(random.below(40)) * 0.05
    options.duplicates = 0.05
    options.late = 0.05
    options.tooLate = 0
    options.malformed = 0.01
    options.versions = seed % 2 == 0 ? 0.2 : 0
    options.costRows = random.below(2) == 0
    options.conversionRate = 0.3
    var definitions = Definitions()
    definitions.models = [.firstTouch, .lastTouch, .linear, .positionBased, .lastNonDirect]
    definitions.touchKinds = random.below(2) == 0 ? [.click] : [.click, .impression]
    definitions.preferClicks = random.below(2) == 0
    definitions.lookback = (5 + random.below(600)) * 60_000
    definitions.views.append(
      View(
        name: "ad_hour", dimensions: [.adID, .campaignID], periodMilliseconds: 3_600_000,
        bucketConversionsBy: random.below(2) == 0 ? .conversion : .touch))
    if seed % 2 == 0 {
      definitions.dimensions = ["country"]
      definitions.conversionDimensions = ["goal"]
      definitions.matchOn = ["account_id"]
      for view in definitions.views.indices.dropFirst() {
        definitions.views[view].dimensions += definitions.allDimensions.suffix(view + 1)
      }
    }
    options.definitions = definitions
    return options
  }
}
