import Attribution
import Cluster
import Codec
import Configuration
import Inputs
import Kafka
import Logging
import Pipeline

/// Recomputes a past period from the input topics, with the late events that wait, and publishes what
/// differs.
///
/// The rollup stage stays the only writer of the rollups: a backfill gives it signed deltas, one per
/// window, so that a window changes at once and whatever else corrects it meanwhile stays. Windows that
/// no task can change any more are brought to the recomputed numbers, whatever was published; of the
/// others only what the late events add. One transaction per day of event time holds the deltas, the
/// attributions, and the note that these events no longer wait.
public final class Backfill {
  /// How far a backfill has come, in records.
  public struct Progress: Sendable {
    public var done: Int
    public var total: Int
  }

  private let configuration: Configuration
  private let plan: TopicPlan
  private let log: any ArchiveLog
  private let from: Milliseconds
  private let to: Milliseconds
  private let scope: BackfillScope?
  private var definitions: Definitions { configuration.definitions }

  private var producer: (any LogProducer)?
  private var ledger = BackfillLedger()
  private var retentionMarks: [TaskID: Watermark] = [:]
  private var plans: InputPlans!
  /// How attributions are written.
  private var output = PublishedOutput.json
  private var inputs: [(partition: TopicPartition, end: Int64)] = []
  private var lateEvents: [TaskID: [(RecordPosition, [Milliseconds], InputPlan, KeptInputRecord)]] =
    [:]
  /// Conversions of which versions are among the late events.
  private var restated: Set<[UInt8]> = []
  private var lateOffsets: [TopicPartition: Set<Int64>] = [:]
  private var lateEnds: [Int64] = []
  private var result = BackfillResult()
  private var progress = Progress(done: 0, total: 0)

  /// Told of every thousandth record; ends the work by throwing.
  public var onProgress: (Progress) throws -> Void = { _ in }

  /// - Parameters:
  ///   - from: the first event time, in milliseconds.
  ///   - to: the event time behind the last.
  ///   - scope: recompute this from the events that are counted already, and leave all else as it is; nil for
  ///     everything, and the late events with it.
  public init(
    _ configuration: Configuration, plan: TopicPlan, log: any ArchiveLog, from: Milliseconds,
    to: Milliseconds, scope: BackfillScope? = nil
  ) {
    self.scope = scope
    precondition(from < to)
    self.configuration = configuration
    self.plan = plan
    self.log = log
    self.from = from
    self.to = to
  }

  /// Does the work. Everything published before must have reached the rollups topic.
  ///
  /// - Parameter isDryRun: find out what would change, and change nothing.
  public func run(isDryRun: Bool) throws -> BackfillResult {
    if !isDryRun {
      output = try PublishedOutput(configuration)
      try fence()
    }
    defer {
      producer?.close()
      producer = nil
    }
    plans = try InputPlans(configuration)
    ledger = try BackfillLedger(configuration, from: log)
    retentionMarks = try RetentionMarks.read(configuration, plan, from: log)
    try findInputs()
    try readLateEvents()
    try readRefusedEvents()
    var days = BackfillSlice.days(from: from, to: to)
    if !isDryRun, let run = ledger.unfinished, run.from == from, run.to == to,
      run.fill == scope
    {
      days.removeAll { $0.upperBound <= run.doneThrough }
      result.resumedFrom = run.doneThrough
    }
    let slices = days.map { BackfillSlice(from: $0.lowerBound, to: $0.upperBound, definitions) }
    guard let first = slices.first, let last = slices.last else { return result }
    let starts = try slices.map { try inputStarts($0) }
    progress.total = starts.reduce(0) { sum, starts in
      sum + inputs.reduce(0) { $0 + Int(max(0, $1.end - starts[$1.partition]!)) }
    }
    var published = try PublishedSlice(
      configuration, windows: first.windows.lowerBound..<last.windows.upperBound,
      conversions: first.conversions.lowerBound..<last.conversions.upperBound,
      restated: restated, from: log)
    for (slice, starts) in zip(slices, starts) { try run(slice, starts, &published) }
    return result
  }

  /// Ends the transaction that an earlier backfill has left open, and fences one that still runs: of two
  /// at a time, the second goes on.
  public func fence() throws {
    guard producer == nil else { return }
    try log.makeCompactedTopic(configuration.backfillsTopic)
    producer = try log.makeProducer(transactionalID: "\(configuration.applicationID)-backfill")
  }

  // MARK: What there is

  /// The inputs as far as they are processed: what follows is still the processor's.
  private func findInputs() throws {
    let partitions = try configuration.inputTopics.flatMap { try log.partitions(of: $0.name) }
    let ends = try log.committed(partitions, by: "\(configuration.applicationID)-attribution")
    inputs = partitions.map { ($0, ends[$0] ?? 0) }
  }

  /// Where to begin to read for a slice: no event is older than its record, but for the skew that is
  /// allowed. Throws when the log no longer reaches back so far.
  private func inputStarts(_ slice: BackfillSlice) throws -> [TopicPartition: Int64] {
    let partitions = inputs.map(\.partition)
    let oldest = slice.events.lowerBound - definitions.maxFutureSkew
    let found = try log.offsets(of: partitions, atOrAfter: oldest)
    for (partition, first) in try log.starts(of: partitions) where first > 0 {
      guard (found[partition] ?? 0) <= first else { continue }
      throw OperatorError(
        "\(partition) no longer reaches back to \(Time.formatSeconds(oldest)), which a backfill from "
          + "\(Time.formatSeconds(from)) needs (look-back included): its first records are gone; "
          + "choose a later --from, or restore them")
    }
    return found
  }

  /// What the processor's clock has refused has not been counted either, whatever the clock shows now.
  private func readRefusedEvents() throws {
    for partition in try log.partitions(of: configuration.topics.deadLetters) {
      try log.readThrough(partition) { record in
        guard let source = RefusedEvent.source(of: record) else { return }
        lateOffsets[source.partition, default: []].insert(source.offset)
      }
    }
  }

  private func readLateEvents() throws {
    let dependencySpan = 4 * BackfillSlice.dependencySpan(definitions)
    var reader = LateEvents(configuration, plans)
    lateEnds = try reader.forEach(from: log) { late in
      let input = TopicPartition(topic: late.topic, partition: late.source.partition)
      lateOffsets[input, default: []].insert(late.source.offset)
      if late.event.kind == .conversion, late.event.version > 0 {
        restated.insert(Array(late.event.eventID.buffer))
      }
      // Where it happened, and where it was believed to have happened.
      let times = [late.event.time] + (late.event.originalTime.map { [$0] } ?? [])
      guard times.contains(where: { $0 >= from - dependencySpan && $0 < to + dependencySpan })
      else { return }
      lateEvents[late.task, default: []].append(
        (late.place, times, plans.plan(of: late.topic)!, KeptInputRecord(late.record)))
    }
  }

  // MARK: One slice

  private func run(
    _ slice: BackfillSlice, _ starts: [TopicPartition: Int64], _ published: inout PublishedSlice
  ) throws {
    let recomputation = Recomputation(slice, definitions, log: log) { [self] in
      progress.done += 1
      if progress.done % 1_000 == 0 { try onProgress(progress) }
    }
    var before: [String: Milliseconds] = [:]
    var attributions: [Correction] = []
    for task in plan.tasks {
      let acceptedSince =
        retentionMarks[task].map { $0.moved(back: definitions.correctionHorizon) } ?? .unknown
      let backfillableBefore = acceptedSince.moved(back: slice.dependencySpan)
      if backfillableBefore.time < slice.to { before[task.description] = backfillableBefore.time }
      let sources = inputs.filter { input in
        plan.task(of: input.partition.topic, partition: input.partition.partition) == task
      }
      .map { input in
        Recomputation.Source(
          plan: plans.plan(of: input.partition.topic)!, partition: input.partition,
          start: starts[input.partition]!,
          end: input.end, late: lateOffsets[input.partition] ?? [])
      }
      try recomputation.run(sources, late(of: task, slice, before: backfillableBefore)) {
        conversion in
        guard scope?.views == nil || scope?.models != nil,
          slice.conversions.contains(conversion.time),
          conversion.time < acceptedSince.time,
          let correction = correction(conversion, published)
        else { return }
        attributions.append(correction)
      }
    }
    let changes = changes(recomputation, published)
    result.attributionsChanged += attributions.count
    for (window, delta) in changes {
      result.note(change(of: window, by: delta, published.rollups[window.key]))
      published.add(delta, to: window)
    }
    for attribution in attributions {
      published.note(
        attribution: attribution.json, of: attribution.id, revision: attribution.revision)
    }
    let chunk = BackfillLedger.Chunk(
      from: slice.from, to: slice.to, through: lateEnds, before: before)
    guard let producer else {
      if scope == nil { try ledger.note(chunk, to: nil, configuration.backfillsTopic) }
      return
    }
    try producer.begin()
    for (window, delta) in changes { try send(window, delta, to: producer) }
    for attribution in attributions {
      try send(
        attribution.id, attribution.value, to: configuration.topics.attributions, nil, producer)
    }
    if scope == nil { try ledger.note(chunk, to: producer, configuration.backfillsTopic) }
    try ledger.note(
      BackfillLedger.Run(from: from, to: to, fill: scope, doneThrough: slice.to),
      to: producer, configuration.backfillsTopic)
    try producer.commit()
  }

  /// The late events of a task that take part, marked whether they are counted only now.
  private func late(
    of task: TaskID, _ slice: BackfillSlice, before backfillableBefore: Watermark
  ) -> [Recomputation.KeptLateEvent] {
    var kept: [Recomputation.KeptLateEvent] = []
    for (place, times, plan, record) in lateEvents[task] ?? [] {
      let time = times.first { $0 >= slice.from && $0 < slice.to } ?? times[0]
      let isCounted = ledger.hasCounted(place, at: time, of: task)
      let isOfSlice = time >= slice.from && time < slice.to
      if isCounted {
        kept.append(.init(plan: plan, record: record, isNew: false))
      } else if scope != nil {
        continue
      } else if isOfSlice, time < backfillableBefore.time {
        kept.append(.init(plan: plan, record: record, isNew: true))
        // One that corrects its time is looked at where it was, too.
        if time == times[0] { result.eventsCounted += 1 }
      } else if isOfSlice {
        result.eventsWaiting += 1
      }
    }
    return kept
  }

  /// An attribution that is to be published.
  private struct Correction {
    /// The conversion's.
    var id: [UInt8]
    /// What is compared, and what is sent.
    var json: [UInt8]
    var value: [UInt8]
    var revision: Int64
  }

  /// The attribution's record, if it is not published like this already.
  private func correction(
    _ conversion: CreditedConversion, _ published: PublishedSlice
  ) -> Correction? {
    let former = published.attribution(of: conversion.conversionID)
    var conversion = conversion
    conversion.revision = (former?.revision ?? 0) + 1
    func bytes(schema: Int32?) -> [UInt8] {
      var bytes: [UInt8] = []
      AttributionCodec.encode(
        conversion, models: definitions.models, currency: definitions.currency, schema: schema,
        into: &bytes)
      return bytes
    }
    let json = bytes(schema: nil)
    guard json.withUnsafeBytes({ published.content(ofAttribution: $0) }) != former?.content else {
      return nil
    }
    return Correction(
      id: Array(conversion.conversionID.buffer), json: json,
      value: output.schemas.map { bytes(schema: $0.attribution) } ?? json,
      revision: conversion.revision)
  }

  /// By what each window has to change, the oldest window first.
  private func changes(
    _ recomputation: Recomputation, _ published: PublishedSlice
  ) -> [(WindowSums.Window, [Int128])] {
    let slice = recomputation.slice
    var windows: [[UInt8]: WindowSums.Window] = [:]
    for sums in [recomputation.before, recomputation.after, published.rollups] {
      for window in sums.windows
      where slice.contains(windowFrom: window.start, of: definitions.views[window.view])
        && scope?.views?.contains(definitions.views[window.view].name) ?? true
      {
        windows[window.key] = window
      }
    }
    result.windowsCompared += windows.count
    let settled = expiredThrough
    let isFilled = columnsFilled
    let changes = windows.values.compactMap { window -> (WindowSums.Window, [Int128])? in
      let former = former(of: window, settled, recomputation, published)
      let after = recomputation.after[window.key]
      let delta = after.indices.map { isFilled[$0] ? after[$0] - former[$0] : 0 }
      return delta.allSatisfy { $0 == 0 } ? nil : (window, delta)
    }
    return changes.sorted { left, right in
      if left.0.start != right.0.start { return left.0.start < right.0.start }
      return left.0.key.lexicographicallyPrecedes(right.0.key)
    }
  }

  /// What a window's numbers are measured by: what is published where only backfills still write, else
  /// what has been counted.
  private func former(
    of window: WindowSums.Window, _ settled: Milliseconds, _ recomputation: Recomputation,
    _ published: PublishedSlice
  ) -> [Int128] {
    let view = definitions.views[window.view]
    let published = published.rollups[window.key]
    let isOurs =
      window.start + view.periodMilliseconds <= settled || window.start < view.since ?? .min
    if isOurs { return published }
    var former = recomputation.before[window.key]
    for (model, start) in definitions.modelStarts.enumerated() where window.start < start {
      for column in layout.columns(of: model) { former[column] = published[column] }
    }
    return former
  }

  /// Which of a window's numbers are brought up to date.
  private var columnsFilled: [Bool] {
    guard let models = scope?.models else { return Array(repeating: true, count: layout.width) }
    var isFilled = [Bool](repeating: false, count: layout.width)
    for (index, model) in definitions.models.enumerated() where models.contains(model) {
      for column in layout.columns(of: index) { isFilled[column] = true }
    }
    return isFilled
  }

  private var layout: SumsLayout { SumsLayout(modelCount: definitions.models.count) }

  /// Windows that end at or before this are changed by no task any more.
  private var expiredThrough: Milliseconds {
    guard plan.tasks.allSatisfy({ retentionMarks[$0] != nil }),
      let least = retentionMarks.values.min()
    else {
      return .min
    }
    return least.moved(back: definitions.correctionHorizon).moved(
      back: BackfillSlice.dependencySpan(definitions)
    )
    .time
  }

  private func change(
    of window: WindowSums.Window, by delta: [Int128], _ former: [Int128]
  ) -> BackfillResult.Change {
    let view = definitions.views[window.view]
    let count = definitions.models.count
    // The key is our own spelling of a view's names.
    let key = try! RollupKeyCodec.decode(window.key, dimensionCount: view.dimensions.count)
    return BackfillResult.Change(
      key: key, before: RollupSums(columns: former, modelCount: count),
      after: RollupSums(columns: zip(former, delta).map { $0 + $1 }, modelCount: count))
  }

  // MARK: Sending

  private func send(
    _ window: WindowSums.Window, _ delta: [Int128], to producer: any LogProducer
  ) throws {
    var batch = DeltaBatch(views: definitions.views)
    let partition = window.key.withUnsafeBytes { key in
      // The key is our own spelling.
      let names = RollupKeyCodec.split(key)!.names
      RollupSums.forEachPart(of: delta) {
        batch.append($0, to: names, view: window.view, windowStart: window.start)
      }
      return StandardPartitioner.partition(key: key, count: plan.rollupPartitions)
    }
    let value = batch.withValue { Array($0) }
    try send(DeltaWire.batchKey, value, to: configuration.deltasTopic, partition, producer)
  }

  private func send(
    _ key: [UInt8], _ value: [UInt8], to topic: String, _ partition: Int32?,
    _ producer: any LogProducer
  ) throws {
    try key.withUnsafeBytes { key in
      try value.withUnsafeBytes { value in
        try producer.produce(
          topic, partition: partition, key: key, value: value, timestamp: nil, headers: [])
      }
    }
  }
}
