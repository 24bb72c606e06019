import Attribution
import Cluster
import Configuration
import Kafka
import Logging

/// The stage before the first: passes the events of topics that are keyed otherwise on to internal ones that are keyed
/// by user (costs: by campaign).
///
/// Bytes, headers and timestamps stay what they are, and so does the order of a source's partition among the events of
/// a user. Many events share a message (``PackWriter``), which no transaction cuts in two. Offsets, positions, events and dead letters of a commit are one transaction; behind its events every
/// partition is told how far the sources have come, which the watermark of the tasks goes by.
package final class RekeyStage: Stage {
  /// Rows per topic and step, so that topics take turns.
  private static let turn = 8_192

  private let context: StageContext
  fileprivate let sourceEnds: LogEnds
  fileprivate let groupOffsets: GroupOffsets
  private let stopsAtEnd: Bool
  private let repetition: StatusRepetition
  private let positionsPartition: TopicPartition
  /// By the number of the kind.
  private let targets: [RekeyTarget?]
  private(set) var partitions: [RekeyPartition] = []
  /// Assigned, and not open yet.
  private var openings: [RekeyOpening] = []
  /// The topic of positions, while it is being read.
  private var scan: StateScan<RekeyOpening>?
  package private(set) var uncommittedRows = 0
  /// Committed counts of partitions given up, by topic.
  private var formerCounts: [String: RekeyCounts] = [:]
  private var asOf: Milliseconds = .min
  private var words: [UInt8] = []

  /// - Parameter stopsAtEnd: read to where the topics end when they are taken over, and no further.
  init(_ context: StageContext, stopsAtEnd: Bool) throws {
    self.context = context
    self.stopsAtEnd = stopsAtEnd
    sourceEnds = LogEnds(context.log.prober)
    groupOffsets = GroupOffsets(context.log.prober, group: context.group)
    repetition = StatusRepetition(context.configuration, now: context.now())
    positionsPartition = RekeyOpening.positions(context.configuration)
    targets = try EventKind.allCases.map { try RekeyTarget($0, context) }
  }

  package var topics: [String] {
    var names: Set<String> = []
    return context.plan.rekeyings.map(\.source).filter { names.insert($0).inserted }
  }

  package var isCatchingUp: Bool { false }
  package var hasChanges: Bool { partitions.contains(where: \.hasChanges) }
  package var wantsCommit: Bool {
    (stopsAtEnd && hasChanges && isFinished)
      || partitions.contains { $0.input.overtaken != nil && uncommittedRows > 0 }
  }

  package var isRepetitionDue: Bool {
    !partitions.isEmpty && !isFinished && repetition.isDue(now: context.now())
  }

  /// Of every partition: that it is said how each of them stands is what the offsets fence.
  package var positions: [TopicPartition: Int64] {
    Dictionary(uniqueKeysWithValues: partitions.map { ($0.source, $0.input.position) })
  }

  /// Whether every partition has been read to its end.
  var isFinished: Bool { openings.isEmpty && partitions.allSatisfy(\.input.isFinished) }

  package func advance() throws -> Int {
    try open()
    var taken = 0
    for topic in topics {
      taken += try advance(partitions.filter { $0.source.topic == topic })
    }
    uncommittedRows += taken
    return taken
  }

  /// Takes rows of a topic's partitions, in step by event time but for less than the watermark's delay.
  private func advance(_ members: [RekeyPartition]) throws -> Int {
    let slack = context.configuration.definitions.watermarkDelay
    var taken = 0
    while taken < RekeyStage.turn {
      var first: RekeyPartition?
      var bound = Milliseconds.max
      for partition in members {
        try partition.fill(context)
        if partition.isWaitedFor(now: context.now()) { return taken }
        guard partition.input.hasRow else {
          if let error = partition.input.overtaken, uncommittedRows + taken == 0 { throw error }
          continue
        }
        let time = partition.input.nextTime
        if first == nil || time < first!.input.nextTime {
          if let first { bound = min(bound, first.input.nextTime) }
          first = partition
        } else {
          bound = min(bound, time)
        }
      }
      guard let first else { break }
      let (limit, isUnlimited) = bound.addingReportingOverflow(slack)
      taken += try first.run(
        through: isUnlimited ? .max : limit, limit: RekeyStage.turn - taken, to: targets,
        context.collector)
    }
    return taken
  }

  package func advanceClock() {}

  package func writeEffects() throws {
    let isRepeating = isRepetitionDue
    let producer = try context.collector.transaction()
    asOf = context.clock.earlierWall
    for partition in partitions where partition.hasChanges {
      if partition.hasNewLost {
        try context.collector.broadcast(
          lost: partition.lost, of: "rekey|\(partition.source.topic)|\(partition.source.partition)")
      }
      try partition.writeProgress(to: producer, positionsPartition)
    }
    for target in targets { try target?.flush(to: producer) }
    words.removeAll(keepingCapacity: true)
    SourceWords.encode(partitions.map { ($0.source, $0.word(asOf: asOf)) }, into: &words)
    var told: Set<String> = []
    for rekeying in context.plan.rekeyings where told.insert(rekeying.target).inserted {
      try tell(rekeying, producer)
    }
    if isRepeating { repetition.begin() }
  }

  /// Tells every partition of an internal topic how its sources stand.
  private func tell(
    _ rekeying: TopicPlan.Rekeying, _ producer: any LogProducer
  ) throws {
    for partition in 0..<context.plan.partitionCount(of: rekeying.kind) {
      try words.withUnsafeBytes {
        try producer.produce(
          rekeying.target, partition: partition, key: nil, value: $0, timestamp: nil, headers: [])
      }
    }
  }

  package func didCommit() {
    uncommittedRows = 0
    for partition in partitions { partition.didCommit(asOf: asOf) }
    repetition.didCommit(now: context.now())
  }

  package func drop() {
    uncommittedRows = 0
    formerCounts = counts
    for target in targets { target?.drop() }
    partitions.removeAll()
    for opening in openings { opening.close() }
    openings.removeAll()
    scan?.close()
    scan = nil
  }

  // MARK: Taking over

  package func assign(_ sources: [TopicPartition]) throws {
    openings = sources.sorted().map { RekeyOpening($0, context) }
  }

  package var isOpening: Bool { openings.contains { $0.obstacle == nil } }

  package var obstacles: [String] {
    openings.compactMap { opening in
      opening.obstacle.map { "re-keying of \(opening.source) waits: \($0)" }
    }
  }

  package var summary: String { "\(partitions.count) partition(s) to be re-keyed taken over" }

  /// Brings the partitions that are not open yet on their way.
  private func open() throws {
    for opening in openings { try opening.advance(now: context.now()) }
    try readPositions()
    for opening in openings where opening.isReadyToRun {
      partitions.append(try opening.makePartition(stopsAtEnd: stopsAtEnd))
      openings.removeAll { $0 === opening }
    }
  }

  private func readPositions() throws {
    if scan == nil {
      let ready = openings.filter(\.isReadyToRestore)
      guard !ready.isEmpty else { return }
      for opening in ready { opening.beginRestore() }
      do {
        scan = try StateScan(
          [positionsPartition: ready],
          ends: [positionsPartition: ready.map(\.positionsEnd).max() ?? 0], from: context.log
        ) { try $0.take($1) }
      } catch {
        return try restart(ready, after: error)
      }
    }
    guard let scan else { return }
    do {
      for opening in try scan.advance() { try opening.didReadPositions() }
    } catch {
      scan.close()
      self.scan = nil
      return try restart(scan.unfinished, after: error)
    }
    if scan.isFinished {
      scan.close()
      self.scan = nil
    }
  }

  /// Has partitions opened anew whose positions could not be read for now: the others go on.
  private func restart(_ failed: [RekeyOpening], after error: any Error) throws {
    guard isWorthAnotherTry(after: error) else { throw error }
    for former in failed {
      context.logger.warning("the position of \(former.source) is read again: \(error)")
      former.close()
      guard let index = openings.firstIndex(where: { $0 === former }) else { continue }
      openings[index] = former.successor(after: error, now: context.now())
    }
  }

  // MARK: Monitoring

  /// Committed records, by topic and outcome.
  var counts: [String: RekeyCounts] {
    partitions.reduce(into: formerCounts) { counts, partition in
      counts[partition.source.topic, default: RekeyCounts()].add(partition.committedCounts)
    }
  }

  package func describe(_ report: inout WorkerReport) {
    report.rekeyed = partitions.map { partition in
      WorkerReport.Source(
        partition: partition.source, position: partition.input.position,
        lag: partition.input.lag, isIdle: partition.word(asOf: 0).isIdle)
    }
    report.lost = partitions.flatMap(\.lost)
    report.counters.rekeyed = counts
    report.counters.unusable = context.collector.unusable
  }
}

/// A worker of the stage that re-keys.
package typealias RekeyWorker = Worker<RekeyStage>

extension Worker where S == RekeyStage {
  /// - Parameter stopsAtEnd: process what the topics hold at the start, and finish.
  package convenience init(
    configuration: Configuration, plan: TopicPlan, log: any Log, index: Int, stopsAtEnd: Bool,
    logger: Logger, heartbeat: Heartbeat = Heartbeat(), meter: Meter = Meter(),
    process: ProcessContext = ProcessContext()
  ) throws {
    let context = try StageContext(
      WorkerName(configuration, stage: "rekey", index: index), configuration: configuration,
      plan: plan, log: log, logger: logger, meter: meter, process: process)
    self.init(
      try RekeyStage(context, stopsAtEnd: stopsAtEnd), context, heartbeat: heartbeat)
  }

  package func start() throws { try join() }

  /// Whether this worker has passed on and committed everything that it owned at the start.
  package var isFinished: Bool { hasAssignment && stage.isFinished && !stage.hasChanges }

  /// Committed records, by topic and outcome.
  package var counts: [String: RekeyCounts] { stage.counts }

  /// Where every topic to be re-keyed ends, whoever owns it; nil while nobody has answered.
  package func sourceEnds() throws -> [TopicPartition: Int64]? {
    try stage.sourceEnds.ends(of: context.plan.rekeyedPartitions, now: context.now())
  }

  /// Whether the whole group has committed up to `ends`. False while nobody has answered.
  package func isGroupFinished(upTo ends: [TopicPartition: Int64]) throws -> Bool {
    try stage.groupOffsets.hasReached(ends, now: context.now())
  }
}
