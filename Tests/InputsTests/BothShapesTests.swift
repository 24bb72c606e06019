import Attribution
import Configuration
import Kafka
import TestKit
import Testing
import Traffic
import Verification

/// Versions, deletions, accounts and fields of one's own, in both shapes of input: ours, and a foreign topic of all kinds
/// that has no keys and is re-keyed.
@Suite struct BothShapesTests {
  enum Shape: CaseIterable { case own, foreign }

  private static func definitions(_ random: inout SeededRandom) -> Definitions {
    var definitions = Definitions()
    definitions.models = [.lastTouch, .linear, .positionBased, .timeDecay]
    definitions.touchKinds = [[.click], [.click, .impression]][Int(random.below(2))]
    definitions.preferClicks = random.below(2) == 0
    definitions.lookback = [1_800_000, 7_200_000][Int(random.below(2))]
    definitions.maxTouches = [3, 1_000][Int(random.below(2))]
    definitions.correctionHorizon = [86_400_000, 14_400_000][Int(random.below(2))]
    definitions.dimensions = ["country"]
    definitions.conversionDimensions = ["goal"]
    definitions.matchOn = ["account_id"]
    definitions.views[1].bucketConversionsBy = .touch
    definitions.views[1].dimensions.append(Dimension(rawValue: "account_id"))
    definitions.views.append(
      View(
        name: "goals", dimensions: ["goal", "country"].map { Dimension(rawValue: $0) },
        periodMilliseconds: 60_000))
    return definitions
  }

  private func simulation(_ shape: Shape, _ definitions: Definitions, seed: UInt64) -> Simulation {
    Simulation(
      definitions, seed: seed, partitions: 2, rollupPartitions: 1, attributionWorkers: 1,
      form: shape == .own ? nil : ForeignForm(),
      rekeying: shape == .own
        ? nil
        : SimulatedRekeying(
          kinds: Set(EventKind.allCases), sourcePartitions: 1 + Int(seed % 4), hasKeys: false))
  }

  /// What is published once all is processed, judged by brute force.
  private func published(
    _ simulation: Simulation, _ comment: @autoclosure () -> Comment
  ) throws -> [RollupKey: RollupSums] {
    try simulation.runToEnd()
    let report = simulation.verify()
    if !report.differences.agrees {
      Issue.record("\(comment()): \(report.differences)")
    }
    #expect(simulation.complaintAboutRekeying() == nil, comment())
    // Where something counted and moved away, zeros stay; whether it counted there depends on the order.
    return simulation.rollupsOnTopic().mapValues(\.sums).filter { !$0.value.isZero }
  }

  /// 25 seeds each. Without optimisation the first has to do.
  private static let batches: Range<Int> = {
    #if DEBUG
      0..<1
    #else
      0..<8
    #endif
  }()

  @Test(arguments: batches)
  func generatedTrafficEqualsTheOracle(batch: Int) throws {
    var (replaced, filtered) = (0, 0)
    for seed in UInt64(batch * 25 + 1)...UInt64(batch * 25 + 25) {
      var random = SeededRandom(seed: seed)
      let definitions = Self.definitions(&random)
      var options = TrafficOptions(seed: seed, eventCount: 120)
      options.definitions = definitions
      options.users = 12
      options.campaigns = 4
      options.versions = 0.3
      options.duplicates = 0.05
      options.late = 0.05
      options.tooLate = 0
      options.malformed = 0.02
      options.conversionRate = 0.4
      options.costRows = true
      options.eventsPerSecond = 0.05
      var sums: [[RollupKey: RollupSums]] = []
      for shape in Shape.allCases {
        let simulation = simulation(shape, definitions, seed: seed)
        for record in TrafficGenerator(options) { simulation.append(record) }
        sums.append(try published(simulation, "seed \(seed), \(shape)"))
        let report = simulation.verify()
        replaced += report.inputs.reduce(0) { $0 + $1.tally.replaced }
        filtered += report.rekeyed.reduce(0) { $0 + $1.1.filtered }
      }
      #expect(sums[0].count > 20 && sums[0] == sums[1], "seed \(seed)")
    }
    #expect(replaced > 500 && filtered > 100)
  }

  // MARK: Small journeys

  /// A click that is moved to another campaign, an impression, an order and its refund, all of one user.
  private static let journey: [(EventKind, String)] = [
    (.click, #""event_id":"k","event_time":1767600000000,"campaign_id":"a","country":"DE""#),
    (
      .click,
      #""event_id":"k","event_time":1767600000000,"campaign_id":"b","country":"FR","version":2"#
    ),
    (
      .impression, #""event_id":"i","event_time":1767600030000,"campaign_id":"c","cost":"0.000001""#
    ),
    (.conversion, #""event_id":"v","event_time":1767600060000,"value":"59.90","goal":"order""#),
    (
      .conversion,
      #""event_id":"v","event_time":1767600060000,"value":"19.90","goal":"refund","version":1"#
    ),
  ]

  private static func records(_ order: [Int]) -> [GeneratedRecord] {
    order.map { index in
      let (kind, fields) = journey[index]
      return GeneratedRecord(
        kind: kind, key: Array("u-1".utf8),
        value: Array("{\"user_id\":\"u-1\",\"account_id\":\"x\",\(fields)}".utf8),
        timestamp: 1_767_600_100_000, truth: .ordinary)
    }
  }

  @Test(arguments: Shape.allCases)
  func everyOrderOfArrivalGivesTheSame(shape: Shape) throws {
    var random = SeededRandom(seed: 4)
    var definitions = Self.definitions(&random)
    definitions.touchKinds = [.click, .impression]
    definitions.preferClicks = false
    var expected: [RollupKey: RollupSums]?
    var orders = 0
    var order = Array(Self.journey.indices)
    // Heap's algorithm.
    func permute(_ count: Int) throws {
      guard count > 1 else {
        orders += 1
        let simulation = simulation(shape, definitions, seed: UInt64(orders))
        for record in Self.records(order) { simulation.append(record) }
        let sums = try published(simulation, "order \(order)")
        expected = expected ?? sums
        if sums != expected { Issue.record("order \(order) gives other numbers") }
        return
      }
      for index in 0..<count {
        try permute(count - 1)
        if index < count - 1 { order.swapAt(count % 2 == 0 ? index : 0, count - 1) }
      }
    }
    try permute(order.count)
    #expect(orders == 120)
    let revenue = expected?.filter { $0.key.view == "campaign_5m" }.values.reduce(MicrosSum(0)) {
      $0 + $1.revenues[0]
    }
    #expect(revenue == 19_900_000)
  }

  // MARK: Places

  /// Events without ids of their own are known by where they were first, however they were passed on.
  @Test(arguments: UInt64(1)...4)
  func eventsKnownByTheirPlaceKeepItThroughReKeying(seed: UInt64) throws {
    let kinds: [EventKind] = [.click, .conversion]
    let inputs = kinds.map { kind in
      var entry = InputEntry(kind: kind, source: .topic("\(kind)s"))
      entry.fields = [MappedField(name: "event_id", source: FieldSource(paths: [.place]))]
      return entry
    }
    var options = TrafficOptions(seed: seed, eventCount: 200)
    options.users = 15
    options.impressionsShare = 0
    options.malformed = 0.05
    options.eventsPerSecond = 0.1
    let simulation = Simulation(
      Definitions(), seed: seed, partitions: 2, inputs: inputs,
      rekeying: SimulatedRekeying(kinds: Set(kinds), sourcePartitions: 3, hasKeys: seed % 2 == 0))
    for record in TrafficGenerator(options) where kinds.contains(record.kind) {
      simulation.append(record)
    }
    let sums = try published(simulation, "seed \(seed)")
    #expect(!sums.isEmpty)
    var ids: Set<String> = []
    simulation.log.forEachRecord(of: simulation.configuration.topics.attributions) { record in
      ids.insert(record.key.map { String(decoding: $0, as: UTF8.self) } ?? "")
    }
    #expect(!ids.isEmpty && ids.allSatisfy { $0.hasPrefix("conversions-") })
    // The header that says so is the internal topic's own.
    var origins = 0
    let topic = simulation.configuration.keyedTopic(.click)
    for number in 0..<Int32(simulation.log.partitionCount(of: topic)) {
      simulation.forEachPassedOn(TopicPartition(topic: topic, partition: number)) { record in
        origins += record.headers().filter { $0.name == "tributary-origin" }.count
      }
    }
    #expect(origins > 50)
  }
}
