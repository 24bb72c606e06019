import Attribution
import Codec
import Testing
import Traffic
import Verification

/// Generated traffic through the engine in process, against the brute-force oracle.
@Suite struct OracleEqualityTests {
  static let seeds: [UInt64] = Array(1...200)

  @Test(arguments: seeds)
  func engineEqualsOracleOnGeneratedTraffic(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let definitions = OracleEqualityTests.definitions(&random)
    var options = TrafficOptions(seed: seed, eventCount: 2_000)
    options.definitions = definitions
    options.users = 20 + Int(random.below(200))
    options.campaigns = 3 + Int(random.below(20))
    options.eventsPerSecond = Double(1 + random.below(20)) / 10
    options.duplicates = 0.05
    options.late = 0.05
    options.tooLate = 0.02
    options.malformed = 0.02
    options.conversionRate = 0.2
    options.costRows = true
    let engine = Engine(definitions, partitions: 1 + Int(random.below(4)))
    var oracle = Oracle(definitions: definitions)
    let commitEvery = 1 + random.below(300)
    var decoders = EventKind.allCases.map {
      EventDecoder(kind: $0, definitions: definitions)
    }
    var latest = Milliseconds.min
    for record in TrafficGenerator(options) {
      record.value.withUnsafeBytes { value in
        var event = Event(kind: record.kind, time: 0, eventID: .empty, userID: .empty)
        let kind = Int(record.kind.rawValue)
        decoders[kind].recycle()
        guard decoders[kind].decode(value, recordTimestamp: record.timestamp, into: &event) == nil
        else { return }
        let outcome = engine.apply(event)
        latest = max(latest, event.time)
        guard outcome != .tooLate else { return }
        #expect(oracle.add(OracleEvent(event)) == outcome.finding, "seed \(seed)")
      }
      if random.below(commitEvery) == 0 { engine.commit() }
    }
    engine.commit()
    let rollups = compare(rollups: engine.rollups.mapValues(\.sums), with: oracle)
    #expect(rollups.agrees, "seed \(seed): \(rollups)")
    let attributions = compare(attributions: engine.attributions, with: oracle)
    #expect(attributions.agrees, "seed \(seed): \(attributions)")
    #expect(rollups.compared > 10 && attributions.compared > 10, "seed \(seed)")
    for (key, sums) in engine.deltaSums {
      #expect(engine.rollups[key]?.sums.row == sums, "seed \(seed): deltas of \(key)")
    }
    engine.close(through: latest + 86_400_000)
    #expect(engine.rollups.values.allSatisfy { $0.isFinal }, "seed \(seed)")
  }

  /// Definitions drawn at random, so that every option meets every other.
  static func definitions(_ random: inout SeededRandom) -> Definitions {
    var definitions = Definitions.everything
    definitions.touchKinds =
      [[.click], [.impression], [.click, .impression]][Int(random.below(3))]
    definitions.preferClicks = random.below(2) == 0
    definitions.lookback = [1_800_000, 60_000, 7_200_000][Int(random.below(3))]
    definitions.impressionLookback = [1_800_000, 600_000, 10_800_000][Int(random.below(3))]
    definitions.halfLife = [7 * 86_400_000, 3_600_000, 1_000][Int(random.below(3))]
    definitions.correctionHorizon = [86_400_000, 3_600_000][Int(random.below(2))]
    definitions.watermarkDelay = [600_000, 60_000][Int(random.below(2))]
    return definitions
  }
}

extension Outcome {
  /// What the oracle should say of the event.
  var finding: Oracle.Finding? {
    switch self {
    case .accepted, .acceptedLate: .new
    case .replaced, .replacedLate: .replacement
    case .duplicate: .duplicate
    case .tooLate: nil
    }
  }
}

extension RollupSums {
  /// The sums in the order of a delta's row.
  var row: [Int128] {
    let counts = [impressions, clicks, users, sessions].map { Int128($0) }
    return counts + [spend] + credits.map { Int128($0) } + revenues
  }
}
