import Attribution
import Codec
import Traffic

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
  /// How many rollups of a partition become final in one transaction.
  var closingLimit: Int
  /// How many of a user's records are walked before they are indexed.
  var longestWalk: Int
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
  /// Of a thousand records, beside how many comes one that is larger than the topic of dead letters takes, and
  /// what that takes, in bytes; nil for everything.
  var oversized: Int64
  var deadLetterLimit: Int?
  /// Records that arrive in a turn, at most.
  var arrivals: Int64
  /// Which inputs come in topics that are keyed otherwise.
  var rekeying: SimulatedRekeying?
  /// What right clocks show at the beginning: in the middle of the traffic, or days after it.
  var wall: Milliseconds
  /// Whose clock is wrong, and by how much at the beginning.
  var wrongClocks: [SimulatedClock.Party] = []
  var wrongBy: Milliseconds = 0
  /// Whether the world falls silent before its workers are told to finish, so that windows have to become
  /// final by themselves.
  var endsIdle = false
  /// Records whose producer's clock is a year ahead.
  var strays: Int64 = 0
  /// How records are written, where it is not our own form.
  var form: ForeignForm?
  /// What machines keep of the live state.
  var copies: SimulatedCopies?

  init(seed: UInt64) {
    var random = SeededRandom(seed: seed ^ 0x51AB_7E5E_ED00)
    isPunctual = random.below(4) == 0
    definitions = SimulationPlan.definitions(&random, isPunctual: isPunctual)
    // Apart from the rest, so that a seed's other choices stay what they were.
    var hostile = SeededRandom(seed: seed ^ 0x4057_11E0_0000)
    definitions.maxTouches = [1, 2, 3, 5, 1_000][Int(hostile.below(5))]
    if hostile.below(3) == 0 {
      definitions.unmatchedUsers.append(TrafficGenerator.busyUserID)
    }
    SimulationPlan.addFields(to: &definitions, seed)
    longestWalk = [2, 5, 16, 256][Int(hostile.below(4))]
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
    if random.below(4) == 0 { timeouts.session = 200 + random.below(timeouts.transaction) }
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
    wall = 0
    checksRetention = random.below(8) == 0
    traffic = SimulationPlan.traffic(
      definitions, seed: random.next(), isPunctual: isPunctual, &random)
    traffic.busyUserShare = hostile.below(3) == 0 ? 0.34 : 0
    traffic.hugeValues = hostile.below(3) == 0 ? 0.3 : 0
    traffic.hasTwoSpellings = hostile.below(3) == 0
    catchUpRecords = 1 + random.below(40)
    closingLimit = [5, 10, 50, 100_000][Int(seed / 3 % 4)]
    stateRecordBytes = 64 << Int(random.below(12))
    // Drawn apart, so that it changes nothing of the seed's other worlds.
    var sizes = SeededRandom(seed: seed ^ 0x517E_0000)
    let isTight = sizes.below(3) == 0
    oversized = isTight ? 1 + sizes.below(20) : 0
    deadLetterLimit = isTight ? 600 + Int(sizes.below(1_500)) : nil
    // Drawn apart as well.
    var foreign = SeededRandom(seed: seed ^ 0xF02E_1610)
    rekeying = SimulatedRekeying(&foreign)
    var disks = SeededRandom(seed: seed ^ 0xD15C_C091_E500)
    copies = SimulatedCopies(&disks)
    // Apart, too. What is restated may be final.
    var restatements = SeededRandom(seed: seed ^ 0x7E51_0000)
    if !isPunctual, restatements.below(2) == 0 {
      traffic.versions = 0.05 + 0.05 * Double(restatements.below(8))
    }
    setClocks(&random)
    strays = random.below(2) * random.below(4)
    // Kinds that share a topic come at a pace of their own, so that some are late.
    var forms = SeededRandom(seed: seed ^ 0xF07E_1600_0000)
    if !isPunctual, forms.below(3) == 0 {
      let kinds: [[EventKind]] = [
        EventKind.allCases, [.click, .conversion], [.impression, .click, .cost], [.conversion],
      ]
      form = ForeignForm(kinds: kinds[Int(forms.below(4))])
    }
    // Re-keyed events are passed on as they came, so there are no pseudonyms where there are such.
    if rekeying == nil, seed % 4 == 1 {
      definitions.pseudonymKey = PseudonymKey(Array("a key of simulated worlds, no secret".utf8))
    }
  }

  /// Half of the worlds have fields of their own, in views, in the join, or in neither.
  private static func addFields(to definitions: inout Definitions, _ seed: UInt64) {
    var random = SeededRandom(seed: seed ^ 0xF1E1_D500)
    guard random.below(2) == 0 else { return }
    func some(_ names: [String]) -> [String] {
      Array(names.prefix(Int(random.below(Int64(names.count) + 1))))
    }
    definitions.dimensions = some(["placement", "country"])
    definitions.conversionDimensions = some(["goal", "shop"])
    definitions.matchOn = some(["account_id"])
    let added = definitions.allDimensions.dropFirst(Dimension.standard.count)
    for view in definitions.views.indices {
      let count = Int(random.below(Int64(added.count) + 1))
      definitions.views[view].dimensions += added.shuffled(using: &random).prefix(count)
      if random.below(4) == 0, count > 0 { definitions.views[view].dimensions.removeFirst() }
    }
  }

  /// Right clocks stand where no event lies in the future.
  private mutating func setClocks(_ random: inout SeededRandom) {
    let day: Milliseconds = 86_400_000
    let end = TrafficGenerator(traffic).map(\.timestamp).max() ?? traffic.start
    if random.below(2) == 0 {
      // While the traffic comes: events may lie ahead, but not by more than is allowed.
      definitions.maxFutureSkew = end - traffic.start + 2 * 3_600_000
      traffic.definitions.maxFutureSkew = definitions.maxFutureSkew
      wall = traffic.start + random.below(max(1, end - traffic.start))
    } else {
      // So long after it that every window is over by every clock.
      wall = end + 3 * day + random.below(2 * day)
      endsIdle = !isPunctual && random.below(2) == 0
    }
    let wrong: [[SimulatedClock.Party]] = [
      [], [], [.attribution], [.rollups], [.attribution, .rollups], [.broker],
    ]
    wrongClocks = wrong[Int(random.below(6))]
    wrongBy = [0, day, -3_600_000, random.below(2 * day) - day][Int(random.below(4))]
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
          Dimension.standard.shuffled(using: &random).prefix(Int(1 + random.below(3)))),
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
