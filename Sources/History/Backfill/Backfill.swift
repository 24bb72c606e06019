import Attribution
import Cluster
import Configuration
import Inputs
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
  private let period: Range<Milliseconds>
  private let scope: BackfillScope?
  private var definitions: Definitions { configuration.definitions }

  private var writer: BackfillWriter?
  /// Late events that count now, for the deduped stream.
  private var counted: CountedLateEvents
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
    precondition(from < to)
    self.configuration = configuration
    self.plan = plan
    self.log = log
    self.scope = scope
    counted = CountedLateEvents(configuration)
    period = from..<to
  }

  /// Ends the transaction that an earlier backfill has left open, and fences one that still runs: of two
  /// at a time, the second goes on.
  public func fence() throws {
    writer = try writer ?? BackfillWriter(configuration, plan, to: log)
  }

  /// Does the work. Everything published before must have reached the rollups topic.
  ///
  /// - Parameter isDryRun: find out what would change, and change nothing.
  public func run(isDryRun: Bool) throws -> BackfillResult {
    var output = PublishedOutput.json
    if !isDryRun {
      output = try PublishedOutput(configuration)
      try fence()
    }
    defer {
      writer?.close()
      writer = nil
    }
    let plans = try InputPlans(configuration)
    var ledger = try BackfillLedger(configuration, from: log)
    let retentionMarks = try RetentionMarks.read(configuration, plan, from: log)
    let inputs = try BackfillPlan.inputs(configuration, from: log)
    let late = try LateEventIndex(configuration, plans, around: period, from: log)
    let reading = try BackfillPlan(
      definitions, plan, inputs: inputs, from: period.lowerBound,
      days: daysLeft(ledger, isDryRun: isDryRun), in: log)
    guard let first = reading.steps.first?.slice, let last = reading.steps.last?.slice else {
      return result
    }
    progress.total = reading.recordCount
    let comparison = BackfillComparison(
      definitions, scope, tasks: plan.tasks, retentionMarks: retentionMarks,
      schema: output.schemas?.attribution)
    var published = try PublishedSlice(
      configuration, windows: first.windows.lowerBound..<last.windows.upperBound,
      conversions: first.conversions.lowerBound..<last.conversions.upperBound,
      restated: late.restated, from: log)
    for step in reading.steps {
      let slice = step.slice
      var before: [String: Milliseconds] = [:]
      var attributions: [ChangedAttribution] = []
      let recomputation = Recomputation(slice, definitions, log: log) { [self] in
        progress.done += 1
        if progress.done % 1_000 == 0 { try onProgress(progress) }
      }
      for task in plan.tasks {
        let acceptedSince =
          retentionMarks[task].map { $0.moved(back: definitions.correctionHorizon) } ?? .unknown
        let backfillableBefore = acceptedSince.moved(back: slice.dependencySpan)
        if backfillableBefore.time < slice.to {
          before[task.description] = backfillableBefore.time
        }
        let selection = late.events(
          of: task, in: slice, ledger, before: scope == nil ? backfillableBefore : nil)
        result.eventsCounted += selection.countedCount
        result.eventsWaiting += selection.waitingCount
        func note(_ event: UnsafePointer<Event>, _ place: RecordPosition, _ replaces: Int32?) {
          counted.note(event, at: place, replaces: replaces, in: slice)
        }
        try recomputation.run(
          reading.sources(of: task, step, plans, late), selection.events, onCounted: note
        ) { conversion in
          guard scope?.views == nil || scope?.models != nil,
            slice.conversions.contains(conversion.time), conversion.time < acceptedSince.time,
            let attribution = comparison.correction(of: conversion, published)
          else { return }
          attributions.append(attribution)
        }
      }
      let changes = note(
        comparison.changes(of: recomputation, published.rollups), attributions, comparison,
        in: &published)
      let chunk = BackfillLedger.Chunk(
        from: slice.from, to: slice.to, through: late.ends, before: before)
      try publish(changes, attributions, chunk, in: &ledger)
    }
    return result
  }

  /// The days of the period that an interrupted run has not done.
  private func daysLeft(_ ledger: BackfillLedger, isDryRun: Bool) -> [Range<Milliseconds>] {
    var days = BackfillSlice.days(from: period.lowerBound, to: period.upperBound)
    if !isDryRun, let run = ledger.unfinished, run.from == period.lowerBound,
      run.to == period.upperBound, run.fill == scope
    {
      days.removeAll { $0.upperBound <= run.doneThrough }
      result.resumedFrom = run.doneThrough
    }
    return days
  }

  /// Notes what a slice changes, in the result and in what counts as published for the next.
  private func note(
    _ found: (changes: [BackfillComparison.WindowChange], comparedCount: Int),
    _ attributions: [ChangedAttribution], _ comparison: BackfillComparison,
    in published: inout PublishedSlice
  ) -> [BackfillComparison.WindowChange] {
    result.windowsCompared += found.comparedCount
    result.attributionsChanged += attributions.count
    for change in found.changes {
      result.note(comparison.change(change, published.rollups[change.window.key]))
      published.add(change.delta, to: change.window)
    }
    for attribution in attributions {
      published.note(
        attribution: attribution.json, of: attribution.id, revision: attribution.revision)
    }
    return found.changes
  }

  private func publish(
    _ changes: [BackfillComparison.WindowChange], _ attributions: [ChangedAttribution],
    _ chunk: BackfillLedger.Chunk, in ledger: inout BackfillLedger
  ) throws {
    let topic = configuration.backfillsTopic
    guard let writer else {
      if scope == nil { try ledger.note(chunk, to: nil, topic) }
      counted.removeAll()
      return
    }
    try writer.write(changes, attributions, counted.removeAll()) { producer in
      if scope == nil { try ledger.note(chunk, to: producer, topic) }
      try ledger.note(
        BackfillLedger.Run(
          from: period.lowerBound, to: period.upperBound, fill: scope, doneThrough: chunk.to),
        to: producer, topic)
    }
  }
}
