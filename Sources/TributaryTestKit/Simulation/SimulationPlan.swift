import Attribution

/// Everything that a seed decides before the first step: definitions, traffic, sizes and faults.
struct SimulationPlan {
  var definitions: Definitions
  var traffic: TrafficOptions
  var partitions: Int
  var rollupPartitions: Int
  /// At most; how many run changes on the way.
  var attributionWorkers: Int
  var rollupWorkers: Int
  /// Whether members and transactional ids keep their names when their process ends.
  var isStatic: Bool
  /// No event is late and no input idle: nothing final may ever change.
  var isPunctual: Bool
  /// Whether what is remembered long after is looked at, too.
  var checksRetention: Bool
  var commitInterval: Milliseconds
  /// How many records a task must be behind for rollups to be published less often.
  var catchUpRecords: Int64
  /// The bytes at which a record of state is full, and written ahead of its commit.
  var stateRecordBytes: Int
  var timeouts: MemoryLog.Timeouts
  /// Whether questions to the cluster are answered some time later.
  var answersLate: Bool
  /// What is done to topics and offsets at the end, for the next start to refuse.
  var sabotage: Sabotage?
  var faults: FaultPlan
  /// Of a thousand records, how many are sent twice, and how many are held back for long.
  var repeats: Int64
  var heldBack: Int64
  /// Records that arrive in a turn, at most.
  var arrivals: Int64
  /// How far the wall clocks' beginning is from the traffic's.
  var wallOffset: Milliseconds

  init(seed: UInt64) {
    var random = SeededRandom(seed: seed ^ 0x51AB_7E5E_ED00)
    isPunctual = random.below(4) == 0
    definitions = SimulationPlan.definitions(&random, isPunctual: isPunctual)
    partitions = 1 + Int(random.below(4))
    rollupPartitions = 1 + Int(random.below(3))
    attributionWorkers = 1 + Int(random.below(4))
    rollupWorkers = 1 + Int(random.below(2))
    isStatic = random.below(2) == 0
    commitInterval = 1 + random.below(200)
    timeouts = MemoryLog.Timeouts()
    timeouts.transaction = 300 + random.below(2_000)
    // As by default: what a dead member left open has ended when its partitions are given away.
    timeouts.session = timeouts.transaction + 200 + random.below(1_000)
    timeouts.call = 200 + random.below(2_000)
    faults = FaultPlan(&random, timeouts: timeouts)
    if isPunctual { faults.retention = 0 }
    answersLate = random.below(2) == 0
    sabotage =
      random.below(4) == 0
      ? Sabotage.allCases[Int(random.below(Int64(Sabotage.allCases.count)))] : nil
    repeats = isPunctual ? 0 : random.below(80)
    heldBack = isPunctual ? 0 : random.below(2) * random.below(60)
    arrivals = 2 + random.below(12)
    wallOffset = random.below(3) == 0 ? random.below(2 * 86_400_000) - 86_400_000 : 0
    checksRetention = random.below(8) == 0
    traffic = SimulationPlan.traffic(
      definitions, seed: random.next(), isPunctual: isPunctual, &random)
    catchUpRecords = 1 + random.below(40)
    stateRecordBytes = 64 << Int(random.below(12))
  }

  private static func definitions(
    _ random: inout SeededRandom, isPunctual: Bool
  ) -> Definitions {
    let minute: Milliseconds = 60_000
    var definitions = Definitions()
    definitions.lookback = (1 + random.below(40)) * minute
    definitions.impressionLookback = (1 + random.below(20)) * minute
    definitions.touchKinds =
      [[.click], [.click, .impression], [.impression]][Int(random.below(3))]
    definitions.preferClicks = random.below(2) == 0
    let count = 1 + random.below(3)
    definitions.models = Array(Model.allCases.shuffled(using: &random).prefix(Int(count)))
    definitions.halfLife = (1 + random.below(120)) * minute
    definitions.watermarkDelay = (1 + random.below(20)) * 15_000
    definitions.correctionHorizon = (5 + random.below(60)) * minute
    definitions.idleTimeout = isPunctual ? 1 << 50 : 50 + random.below(4_000)
    let periods: [Milliseconds] = [10_000, minute, 5 * minute, 60 * minute]
    definitions.views = (0..<1 + random.below(3)).map { number in
      View(
        name: "view_\(number)",
        dimensions: Array(
          Dimension.allCases.shuffled(using: &random).prefix(Int(1 + random.below(3)))),
        periodMilliseconds: periods[Int(random.below(4))],
        bucketConversionsBy: !isPunctual && random.below(3) == 0 ? .touch : .conversion)
    }
    return definitions
  }

  private static func traffic(
    _ definitions: Definitions, seed: UInt64, isPunctual: Bool, _ random: inout SeededRandom
  ) -> TrafficOptions {
    var options = TrafficOptions(seed: seed, eventCount: 150 + Int(random.below(450)))
    options.definitions = definitions
    options.users = 5 + Int(random.below(40))
    options.campaigns = 1 + Int(random.below(6))
    options.adsPerCampaign = 1 + Int(random.below(3))
    options.eventsPerSecond = 0.02 + 0.01 * Double(random.below(30))
    options.impressionsShare = 0.2 + 0.1 * Double(random.below(6))
    options.conversionRate = 0.2 + 0.1 * Double(random.below(5))
    options.duplicates = 0.01 * Double(random.below(15))
    options.malformed = 0.005 * Double(random.below(8))
    options.disorder = random.below(definitions.watermarkDelay)
    options.late = isPunctual ? 0 : 0.01 * Double(random.below(10))
    options.tooLate = 0
    options.costRows = !isPunctual && random.below(2) == 0
    return options
  }
}
