import Attribution
import Cluster
import Codec
import Configuration
import Kafka

// Safety: records are lent by the reader until the next read. `sums` is allocated and freed here, with a place for
// each column of the layout.

/// One partition of the deltas bound to the rollups that it feeds.
final class RollupPartition {
  let table: RollupTable
  /// Whether the commit under way writes anything of it.
  private(set) var isWritten = false
  /// Whether anything was taken since the last commit.
  private var hasTaken = false
  /// Whether a commit is due although nothing was taken: the group no longer has its offsets.
  private var mustCommit = false
  /// The end of a window that has left memory and that the next delta concerns.
  private var forgottenWindowEnd: Milliseconds?

  private var deltas: DeltaReader
  private var restorer: RollupRestorer
  private var publisher: RollupPublisher
  private let views: [View]
  private let layout: SumsLayout
  /// Of the delta read last.
  private let sums: UnsafeMutableBufferPointer<Int64>
  private var catchUp = CatchUp()
  private let meter: Meter
  /// Of the events that the next commit counts.
  private var acceptanceTimes = AcceptanceTimes()

  init(
    source: TopicPartition, configuration: Configuration, taskCount: Int32, meter: Meter,
    process: ProcessContext
  ) {
    let target = TopicPartition(topic: configuration.topics.rollups, partition: source.partition)
    self.meter = meter
    deltas = DeltaReader(source)
    restorer = RollupRestorer(target, configuration, process.output.forms)
    publisher = RollupPublisher(target, configuration, meter, process.output.schemas)
    table = RollupTable(
      definitions: configuration.definitions, taskCount: Int(taskCount),
      closingLimit: configuration.closingLimit)
    views = configuration.definitions.views
    layout = SumsLayout(modelCount: configuration.definitions.models.count)
    sums = .allocate(capacity: layout.width)
    sums.initialize(repeating: 0)
  }

  deinit { sums.deallocate() }

  var source: TopicPartition { deltas.source }
  /// The partition of the rollups that it feeds.
  var target: TopicPartition { restorer.target }

  /// The next delta's offset.
  var position: Int64 { deltas.position }
  /// The position as of the last commit: what comes before is in the rollups.
  var committedPosition: Int64 { deltas.committedPosition }

  /// Read up to here and no further; nil without an end.
  var stop: Int64? {
    get { deltas.stop }
    set { deltas.stop = newValue }
  }

  var isFinished: Bool { deltas.isFinished }

  var hasChanges: Bool {
    hasTaken || mustCommit || table.hasChanges || table.isClosing
      || table.finalThrough != publisher.publishedFinal || deltas.hasNewsOfStop
  }

  // MARK: Deltas in

  /// Whether the next delta concerns a window that has left memory. Commit, then `reload`.
  var waitsForReload: Bool { forgottenWindowEnd != nil }

  /// Records from the next one to the end of the log, as far as the last fetch knows.
  var lag: Int64? { deltas.lag }

  // MARK: Suspended

  /// What tells whether somebody else has gone on with it; nil where it cannot be kept, because something of it is not
  /// committed.
  var suspendedHeader: [UInt8]? {
    hasTaken || mustCommit || table.hasChanges ? nil : publisher.lastHeader ?? restorer.header
  }

  /// Nobody has: compares how far the deltas had been added with what the group has committed and where they begin and end.
  ///
  /// - Throws: `OperatorError` where they do not fit.
  func resume(committed: Int64?, _ bounds: LogBounds, group: String) throws {
    forgottenWindowEnd = nil
    try restore(remembered: committedPosition, committed: committed, bounds, group: group)
  }

  /// To be called between `advance` and the next.
  ///
  /// - Throws: a `KafkaError` when the broker holds records that do not come.
  func checkArrival(now: Milliseconds, _ ends: EndProbe) throws {
    try deltas.checkArrival(now: now, ends)
  }

  /// Applies what has arrived, up to a record that needs a reload first.
  ///
  /// - Returns: the number of deltas and statuses taken.
  func advance(limit: Int) throws -> Int {
    var taken = 0
    while taken < limit, let record = try deltas.next() {
      let applied = try apply(record)
      if waitsForReload { break }
      deltas.take(record)
      taken += applied
      hasTaken = true
    }
    return taken
  }

  /// Applies one record, unless a rollup of it has left memory; returns how many rows it had.
  private func apply(_ record: Record) throws -> Int {
    forgottenWindowEnd = nil
    guard let key = record.key, let value = record.value else { return 1 }
    if DeltaWire.isLost(key) {
      publisher.lost.formUnion(try DeltaWire.decodeLost(value))
      return 1
    }
    if DeltaWire.isStatuses(key) {
      var count = 0
      try DeltaWire.forEachStatus(in: value) { report in
        apply(report, writtenAt: record.timestamp)
        count += 1
      }
      return count
    }
    guard let task = DeltaWire.task(ofKey: key) else { return try apply(batch: value) }
    // Of a former version.
    let headers = record.headers()
    apply(
      StatusReport(
        task: task, status: try DeltaWire.decodeStatus(value),
        isCatchingUp: CatchUp.isTold(by: headers), times: AcceptanceTimes(headers)),
      writtenAt: record.timestamp)
    return 1
  }

  private func apply(_ report: StatusReport, writtenAt timestamp: Int64) {
    var status = report.status
    // The broker's clock, where the topic has it; one clock alone makes nothing final.
    if timestamp > 0 { status = status.bounded(by: timestamp) }
    table.update(task: report.task, status)
    catchUp.update(task: report.task, report.isCatchingUp)
    acceptanceTimes.append(report.times)
  }

  private func apply(batch value: UnsafeRawBufferPointer) throws -> Int {
    var batch = try DeltaBatchReader(value, views: views, layout: layout)
    guard !table.hasForgotten(windowEnd: batch.leastWindowEnd) else {
      forgottenWindowEnd = batch.leastWindowEnd
      return 0
    }
    var count = 0
    while let names = try batch.next(into: sums) {
      table.add(
        UnsafeBufferPointer(sums), to: names, view: batch.view, windowStart: batch.windowStart)
      count += 1
    }
    return count
  }

  /// Whether every task is far behind its inputs, as far as has been heard.
  var isCatchingUp: Bool { catchUp.includesAll(table.tasks) }

  // MARK: Rollups out

  /// Writes every changed rollup and how far finality has come.
  func writeEffects(to producer: any LogProducer) throws {
    isWritten = true
    try publisher.publish(changesOf: table, position: position, to: producer)
  }

  /// - Parameter now: when the broker had confirmed the commit; wall time, as the events' acceptance.
  func didCommit(now: Milliseconds) {
    hasTaken = false
    mustCommit = false
    guard isWritten else { return }
    isWritten = false
    deltas.didCommit()
    acceptanceTimes.observe(now: now, in: &meter.counters.endToEndTime)
    acceptanceTimes.removeAll()
  }

  /// Bytes of the rollups in memory.
  var memory: StoreSize {
    StoreSize(name: "rollups", entries: table.count, bytes: table.byteCount)
  }

  // MARK: Restore

  /// Bytes of rollups that have been read back and are not in their places yet.
  var restoringBytes: Int { restorer.byteCount }

  /// Takes the next record of what this partition of the rollups topic holds: what can still change is kept.
  func take(restored record: Record) throws { try restorer.take(record, for: table) }

  /// Everything has been taken: compares how far the deltas had been added with what the group has committed and
  /// where the deltas begin and end, and puts the rollups in their places.
  ///
  /// - Parameter makeEpoch: called for a partition that is started from nothing.
  /// - Throws: `OperatorError` where they do not fit.
  func didRestore(
    committed: Int64?, _ bounds: LogBounds, group: String, makeEpoch: () -> String
  ) throws {
    try restore(remembered: restorer.position, committed: committed, bounds, group: group)
    publisher.restore(
      restorer.progress, finalThrough: table.finalThrough, makeEpoch: makeEpoch)
    try restorer.place(into: table)
  }

  private func restore(
    remembered: Int64?, committed: Int64?, _ bounds: LogBounds, group: String
  ) throws {
    switch try InputStart.decide(
      source, remembered: remembered, committed: committed, bounds, group: group,
      state: target.topic)
    {
    case .at(let offset): deltas.restore(position: offset)
    case .behind(let lost):
      throw OperatorError.doesNotFit(
        "\(source) begins at offset \(lost.upperBound), but was processed to \(lost.lowerBound)")
    }
    mustCommit = remembered != nil && committed == nil
  }

  /// Begins to take deltas.
  func begin(_ reader: any LogReader) { deltas.begin(reader) }

  /// Loads back everything from the forgotten window on.
  func reload(from log: any Log) throws {
    guard let windowEnd = forgottenWindowEnd else { return }
    forgottenWindowEnd = nil
    try restorer.reload(from: windowEnd, into: table, from: log)
  }
}
