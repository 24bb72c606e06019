import Attribution
import Codec
import Testing

@testable import History
@testable import TestKit
@testable import Traffic

/// Backfills over a cluster in memory, judged by the oracle on all events.
@Suite struct BackfillTests {
  @Test(arguments: UInt64(1)..<13)
  func whatCameAWeekLateIsCountedAsIfItHadComeInTime(seed: UInt64) throws {
    let world = try World(seed: seed)
    #expect(world.lateCount > 20, "the traffic was to have late events")
    var report = world.simulation.verify()
    #expect(report.differences.agrees, "before: \(report.differences)")

    let dry = try world.backfill(isDryRun: true)
    let first = try world.backfill()
    #expect(first.eventsCounted == world.lateCount && first.eventsWaiting == 0)
    #expect(first.windowsChanged > 10 && first.attributionsChanged > 0)
    #expect(dry.windowsChanged == first.windowsChanged)
    #expect(dry.attributionsChanged == first.attributionsChanged)
    try world.simulation.runToEnd()
    report = world.simulation.verify()
    #expect(report.differences.agrees, "seed \(seed): \(report.differences)")
    #expect(report.inputs.allSatisfy { $0.1.tooLate == 0 })

    let second = try world.backfill()
    #expect(second.windowsChanged == 0 && second.attributionsChanged == 0)
    #expect(second.eventsCounted == 0 && second.windowsCompared >= first.windowsCompared)
    try world.simulation.runToEnd()
    report = world.simulation.verify()
    #expect(report.differences.agrees, "after the second: \(report.differences)")
  }

  /// Refunds that come too late wait, and count once they are filled in, wherever the order was and is.
  @Test(arguments: UInt64(71)..<83)
  func versionsThatCameAWeekLateAreCountedAsIfTheyHadComeInTime(seed: UInt64) throws {
    let world = try World(seed: seed, versions: 0.4)
    var report = world.simulation.verify()
    #expect(report.differences.agrees, "before: \(report.differences)")
    let first = try world.backfill()
    #expect(first.windowsChanged > 10 && first.attributionsChanged > 0)
    try world.simulation.runToEnd()
    report = world.simulation.verify()
    #expect(report.differences.agrees, "seed \(seed): \(report.differences)")
    #expect(report.inputs.allSatisfy { $0.1.tooLate == 0 })
    #expect(report.inputs.contains { $0.1.replaced > 10 })
    let second = try world.backfill()
    #expect(second.windowsChanged == 0 && second.attributionsChanged == 0)
  }

  /// Mapped, re-keyed, or both: late events are found, counted and verified as those of our own form.
  @Test(arguments: World.Shape.allCases, UInt64(91)..<94)
  func lateEventsOfMappedAndReKeyedTopicsAreCounted(shape: World.Shape, seed: UInt64) throws {
    let world = try World(seed: seed, versions: 0.2, shape: shape)
    #expect(world.lateCount > 20, "the traffic was to have late events")
    var report = world.simulation.verify()
    #expect(report.differences.agrees, "before: \(report.differences)")
    let first = try world.backfill()
    #expect(first.eventsCounted > 20 && first.eventsWaiting == 0)
    #expect(first.windowsChanged > 10 && first.attributionsChanged > 0)
    try world.simulation.runToEnd()
    report = world.simulation.verify()
    #expect(report.differences.agrees, "seed \(seed): \(report.differences)")
    #expect(report.inputs.allSatisfy { $0.1.tooLate == 0 })
    let second = try world.backfill()
    #expect(second.windowsChanged == 0 && second.attributionsChanged == 0)
  }

  @Test(arguments: UInt64(14)..<20)
  func noWindowIsEverSeenHalfChanged(seed: UInt64) throws {
    // Seven days late, nothing else touches the period: every change of it is the backfill's.
    let world = try World(seed: seed)
    func published() -> [RollupKey: [Rollup]] {
      var revisions: [RollupKey: [Rollup]] = [:]
      world.simulation.forEachRollup { revisions[$0.key, default: []].append($0) }
      return revisions
    }
    let before = published()
    let result = try world.backfill()
    try world.simulation.runToEnd()
    var changed = 0
    for (key, revisions) in published() {
      let added = revisions.dropFirst(before[key]?.count ?? 0)
      if added.isEmpty { continue }
      changed += 1
      // Events of several tasks, of touches and conversions, and yet one step.
      #expect(added.count == 1 && added.allSatisfy(\.isFinal), "seed \(seed): \(key)")
      #expect(added.first?.revision == (before[key]?.last?.revision ?? 0) + 1)
    }
    #expect(changed == result.windowsChanged)
  }

  @Test(arguments: UInt64(21)..<27)
  func aBackfillThatDiesGoesOnWhereItWas(seed: UInt64) throws {
    let world = try World(seed: seed, days: 4)
    var random = SeededRandom(seed: seed)
    struct Death: Error {}
    var deaths = 0
    for _ in 0..<4 {
      var calls = 5 + random.below(200)
      world.simulation.hooks.onCall = { call in
        guard call == .produce || call == .commit || call == .committed else { return }
        calls -= 1
        if calls <= 0 { throw Death() }
      }
      do { _ = try world.backfill() } catch is Death { deaths += 1 }
      world.simulation.hooks.onCall = nil
      // The transaction that it left open expires, or the next one ends it.
      try world.simulation.runToEnd()
    }
    _ = try world.backfill()
    #expect(deaths > 0)
    try world.simulation.runToEnd()
    let report = world.simulation.verify()
    #expect(report.differences.agrees, "seed \(seed): \(report.differences)")
    #expect(report.inputs.allSatisfy { $0.1.tooLate == 0 })
    let again = try world.backfill()
    #expect(again.windowsChanged == 0 && again.attributionsChanged == 0)
  }

  @Test func daysThatAreDoneAreNotDoneAgain() throws {
    let world = try World(seed: 28, days: 4)
    struct Death: Error {}
    var commits = 0
    world.simulation.hooks.onCall = { call in
      if call == .commit { commits += 1 }
      if commits == 3 { throw Death() }
    }
    #expect(throws: Death.self) { try world.backfill() }
    world.simulation.hooks.onCall = nil
    try world.simulation.runToEnd()
    let last = try world.backfill()
    #expect(last.resumedFrom == world.from + 2 * 86_400_000)
    try world.simulation.runToEnd()
    let again = try world.backfill()
    #expect(again.resumedFrom == nil && again.windowsChanged == 0)
    #expect(again.windowsCompared > 2 * last.windowsCompared / 3)
    let report = world.simulation.verify()
    #expect(report.differences.agrees, "\(report.differences)")
  }

  @Test(arguments: UInt64(31)..<37)
  func whatTheProcessorMayStillCorrectIsLeftToIt(seed: UInt64) throws {
    // Nothing newer has come: most of the period is still the processor's own.
    let world = try World(seed: seed, pushes: false)
    _ = try world.backfill()
    // Late ones, which the processor itself accepts, on windows that the backfill has changed or not.
    for record in world.heldBack.prefix(60) { world.simulation.append(record) }
    try world.simulation.runToEnd()
    let report = world.simulation.verify()
    #expect(report.differences.agrees, "seed \(seed): \(report.differences)")
  }

  @Test func aNewViewWithoutABeginningIsRefused() throws {
    let world = try World(seed: 50)
    for since in [nil, world.from] {
      var definitions = world.simulation.configuration.definitions
      definitions.views.append(
        View(
          name: "new", dimensions: [.adID], periodMilliseconds: 3_600_000, since: since))
      // The attribution stage alone: `run` looks before anything is started.
      let next = Simulation(definitions, seed: 50, log: world.simulation.log)
      next.start(next.workers.attribution[0])
      for _ in 0..<200 { next.step(next.workers.attribution[0]) }
      #expect(next.failure?.contains("view new is new") ?? false)
    }
  }

  @Test(arguments: UInt64(51)..<54)
  func aViewThatIsAddedIsFilledForThePast(seed: UInt64) throws {
    let world = try World(seed: seed)
    var definitions = world.simulation.configuration.definitions
    let added = View(
      name: "channel_hour", dimensions: [.channel], periodMilliseconds: 3_600_000,
      bucketConversionsBy: seed % 2 == 0 ? .touch : .conversion)
    definitions.views.append(added)
    let since = world.to + 8 * 86_400_000
    definitions.views[definitions.views.count - 1].since = since
    let next = try world.goOn(under: definitions, seed: seed, around: since)
    func windows() -> [RollupKey] {
      next.rollupsOnTopic().keys.filter { $0.view == added.name }
    }
    #expect(!windows().isEmpty && windows().allSatisfy { $0.windowStart >= since })

    let fill = Backfill(
      next.configuration, plan: next.plan, log: next.log, from: world.from, to: since,
      scope: BackfillScope(views: [added.name]))
    let result = try fill.run(isDryRun: false)
    #expect(result.windowsChanged > 20 && result.eventsCounted == 0)
    try next.runToEnd()
    #expect(windows().contains { $0.windowStart < since })
    var report = next.verify()
    #expect(report.differences.agrees, "seed \(seed): \(report.differences)")
    // And with the late events of the period, in all views alike.
    _ = try Backfill(
      next.configuration, plan: next.plan, log: next.log, from: world.from, to: since
    ).run(isDryRun: false)
    try next.runToEnd()
    report = next.verify()
    #expect(report.differences.agrees, "seed \(seed): \(report.differences)")
  }

  @Test func aNewModelWithoutABeginningOrBeforeTheOthersIsRefused() throws {
    let world = try World(seed: 55)
    let former = world.simulation.configuration.definitions
    let later = world.to + 30 * 86_400_000
    for (models, since, complaint) in [
      (former.models + [.firstTouch], nil, "model first_touch is new"),
      (former.models + [.firstTouch], world.from, "model first_touch is new"),
      ([.firstTouch] + former.models, later, "new ones come last"),
      (Array(former.models.dropLast()), nil, "was written by another application_id"),
    ] as [([Model], Milliseconds?, String)] {
      var definitions = former
      definitions.models = models
      definitions.modelsSince[.firstTouch] = since
      let next = Simulation(definitions, seed: 55, log: world.simulation.log)
      next.start(next.workers.attribution[0])
      for _ in 0..<200 { next.step(next.workers.attribution[0]) }
      #expect(next.failure?.contains(complaint) ?? false, "\(next.failure ?? "")")
    }
  }

  @Test(arguments: UInt64(61)..<67)
  func aModelThatIsAddedIsFilledForThePast(seed: UInt64) throws {
    let world = try World(seed: seed)
    let added = Model.firstTouch
    var definitions = world.simulation.configuration.definitions
    let since = world.to + 8 * 86_400_000
    definitions.models.append(added)
    definitions.modelsSince[added] = since
    let next = try world.goOn(under: definitions, seed: seed, around: since)
    func credits(_ isPast: Bool) -> Int64 {
      next.rollupsOnTopic().reduce(0) { sum, rollup in
        (rollup.key.windowStart < since) == isPast ? sum + rollup.value.sums.credits[3] : sum
      }
    }
    #expect(credits(true) == 0 && credits(false) > 0)
    var report = next.verify()
    #expect(report.differences.agrees, "before, seed \(seed): \(report.differences)")

    func fill() throws -> BackfillResult {
      try Backfill(
        next.configuration, plan: next.plan, log: next.log, from: world.from, to: since,
        scope: BackfillScope(models: [added])
      ).run(isDryRun: false)
    }
    let result = try fill()
    #expect(result.windowsChanged > 20 && result.attributionsChanged > 20)
    #expect(result.eventsCounted == 0)
    try next.runToEnd()
    // Now the past must be there, and right: to the oracle it is a model like the others.
    report = next.verify(under: definitions.fromTheBeginning)
    #expect(report.differences.agrees, "seed \(seed): \(report.differences)")
    let second = try fill()
    #expect(second.windowsChanged == 0 && second.attributionsChanged == 0)
    // And with the late events of the period, under all models alike.
    _ = try Backfill(
      next.configuration, plan: next.plan, log: next.log, from: world.from, to: since
    ).run(isDryRun: false)
    try next.runToEnd()
    report = next.verify(under: definitions.fromTheBeginning)
    #expect(report.differences.agrees, "with late events, seed \(seed): \(report.differences)")
  }

  @Test func inputsThatNoLongerReachBackAreSaidSo() throws {
    let world = try World(seed: 41)
    let log = world.simulation.log
    let clicks = try log.partitions(of: "clicks")
    try log.deleteRecords(before: [clicks[0]: 5])
    let error = #expect(throws: (any Error).self) { try world.backfill() }
    #expect("\(error!)".contains("clicks[0] no longer reaches back to"))
  }

  /// A day's traffic (or more) of which a part was held back and delivered a week late.
  struct World {
    /// How the traffic lies in the topics; nil for our own form, keyed.
    enum Shape: CaseIterable {
      case mapped, reKeyed, both

      var form: ForeignForm? { self == .reKeyed ? nil : ForeignForm() }
      var rekeying: SimulatedRekeying? {
        self == .mapped
          ? nil
          : SimulatedRekeying(
            kinds: [.impression, .click, .conversion, .cost], sourcePartitions: 4, hasKeys: false)
      }
    }

    let simulation: Simulation
    let heldBack: [GeneratedRecord]
    let from: Milliseconds
    var to: Milliseconds

    init(
      seed: UInt64, days: Int64 = 1, pushes: Bool = true, versions: Double = 0, shape: Shape? = nil
    ) throws {
      var definitions = Definitions()
      definitions.models = [.lastTouch, .linear, .positionBased]
      definitions.touchKinds = seed % 2 == 0 ? [.click] : [.click, .impression]
      definitions.correctionHorizon = 3_600_000
      definitions.watermarkDelay = 60_000
      definitions.views[1].bucketConversionsBy = .touch
      definitions.views.append(
        View(name: "ad_hour", dimensions: [.adID], periodMilliseconds: 3_600_000))
      if seed % 3 == 0 {
        definitions.dimensions = ["country"]
        definitions.conversionDimensions = ["goal"]
        definitions.matchOn = ["account_id"]
        definitions.views[1].dimensions += definitions.allDimensions.suffix(2)
        definitions.views[2].dimensions += definitions.allDimensions.suffix(3)
      }
      simulation = Simulation(
        definitions, seed: seed, form: shape?.form, rekeying: shape?.rekeying)
      from = 1_767_571_200_000
      to = from + days * 86_400_000
      var options = TrafficOptions(seed: seed, eventCount: Int(900 * days))
      options.definitions = definitions
      options.start = from
      options.users = 60
      options.campaigns = 5
      options.eventsPerSecond = Double(options.eventCount) / Double((to - from) / 1_000)
      options.late = 0
      options.conversionRate = 0.3
      options.costRows = true
      options.touchPause = 120_000
      options.versions = versions
      var random = SeededRandom(seed: seed)
      var held: [GeneratedRecord] = []
      for record in TrafficGenerator(options) {
        if random.below(20) == 0 { held.append(record) } else { simulation.append(record) }
      }
      heldBack = held
      // Visits that began before midnight end after it.
      to += 86_400_000
      guard pushes else {
        try simulation.runToEnd()
        return
      }
      // A week later: traffic in every partition, then what was held back.
      options.seed += 1_000
      options.start = to + 7 * 86_400_000
      options.eventCount = 400
      for record in TrafficGenerator(options) { simulation.append(record) }
      try simulation.runToEnd()
      let late = held.map { record in
        var record = record
        record.timestamp += 8 * 86_400_000
        return record
      }
      for record in late { simulation.append(record) }
      try simulation.runToEnd()
    }

    /// Starts again with other definitions, and traffic from an hour before they count.
    func goOn(
      under definitions: Definitions, seed: UInt64, around since: Milliseconds
    ) throws -> Simulation {
      let next = Simulation(definitions, seed: seed, log: simulation.log)
      var options = TrafficOptions(seed: seed + 5_000, eventCount: 500)
      options.definitions = definitions
      options.start = since - 3_600_000
      options.users = 60
      options.eventsPerSecond = 0.05
      options.conversionRate = 0.3
      for record in TrafficGenerator(options) { next.append(record) }
      try next.runToEnd()
      return next
    }

    var lateCount: Int {
      var count = 0
      simulation.log.forEachRecord(of: "late-events") { _ in count += 1 }
      return count
    }

    func backfill(isDryRun: Bool = false) throws -> BackfillResult {
      try Backfill(
        simulation.configuration, plan: simulation.plan, log: simulation.log, from: from, to: to
      ).run(isDryRun: isDryRun)
    }
  }
}
