import Attribution
import Cluster
import Codec
import Configuration
import Inputs
import Kafka

// Safety: as for `InputPartition`: records are lent by the reader until the next read. `sums` is allocated and freed
// here, with a place for each column of the layout.

/// One partition of the deltas bound to the rollups that it feeds.
final class RollupPartition {
  let source: TopicPartition
  let table: RollupTable
  /// Read up to here and no further; nil without an end.
  var stop: Int64?
  private(set) var position: Int64 = 0
  /// The position as of the last commit: what comes before is in the rollups.
  private(set) var committedPosition: Int64 = 0
  /// Whether the commit under way writes anything of it.
  private(set) var isWritten = false
  /// Whether anything was taken since the last commit.
  private var hasTaken = false

  private var reader: (any LogReader)!
  private let configuration: Configuration
  private let codec: RollupCodec
  /// What is published may be Avro, and written in it.
  private let output: PublishedOutput
  private let views: [View]
  private let fingerprint: DefinitionsFingerprint
  /// Whether a commit is due although nothing was taken: the group no longer has its offsets.
  private var mustCommit = false
  /// Names the content of this partition of the rollups; nil before it has any.
  private(set) var epoch: String?
  /// What tasks have lost of their inputs.
  private var lost: Set<LostRange> = []
  /// What was found at a restore so far, and how far the deltas had been added.
  private var found: FoundRollups?
  private var restoredPosition: Int64?
  private let layout: SumsLayout
  /// Of the delta read last.
  private let sums: UnsafeMutableBufferPointer<Int64>
  private var records: RollupRecords
  private var metEnd: Int64?
  private var arrivals = StuckReadDetector()
  private var pending = 0
  private var available = 0
  /// The end of a window that has left memory and that the next delta concerns.
  private var forgottenWindowEnd: Milliseconds?
  private var publishedFinal: Watermark = .unknown
  private var catchUp = CatchUp()
  private let meter: Meter
  /// Of the events that the next commit counts.
  private var acceptanceTimes = AcceptanceTimes()

  init(
    source: TopicPartition, configuration: Configuration, taskCount: Int32, meter: Meter,
    process: ProcessContext
  ) {
    output = process.output
    self.source = source
    self.configuration = configuration
    self.meter = meter
    fingerprint = ProgressHeader.fingerprint(of: configuration)
    codec = RollupCodec(definitions: configuration.definitions)
    table = RollupTable(definitions: configuration.definitions, taskCount: Int(taskCount))
    views = configuration.definitions.views
    records = RollupRecords(
      topic: configuration.topics.rollups, partition: source.partition,
      definitions: configuration.definitions, schema: process.output.schemas?.rollup)
    layout = SumsLayout(modelCount: configuration.definitions.models.count)
    sums = .allocate(capacity: layout.width)
    sums.initialize(repeating: 0)
  }

  deinit { sums.deallocate() }

  var isFinished: Bool { stop.map { position >= $0 } ?? false }

  var hasChanges: Bool {
    hasTaken || mustCommit || table.hasChanges || table.finalThrough != publishedFinal
      || (isFinished && position != committedPosition)
  }

  // MARK: Deltas in

  /// Whether the next delta concerns a window that has left memory. Commit, then `reload`.
  var waitsForReload: Bool { forgottenWindowEnd != nil }

  /// Records from the next one to the end of the log, as far as the last fetch knows.
  var lag: Int64? {
    if pending == available, metEnd != nil { return 0 }
    return reader.knownEnd.map { max(0, $0 - position) }
  }

  /// To be called between `advance` and the next.
  ///
  /// - Throws: a `KafkaError` when the broker holds records that do not come.
  func checkArrival(now: Milliseconds, _ ends: EndProbe) throws {
    guard available == 0, metEnd == nil, !isFinished, !reader.isPaused else {
      return arrivals.note()
    }
    try arrivals.check(source, position: position, now: now, ends)
  }

  /// Applies what has arrived, up to a record that needs a reload first.
  ///
  /// - Returns: the number of deltas and statuses taken.
  func advance(limit: Int) throws -> Int {
    var taken = 0
    while taken < limit {
      if pending == available {
        available = try reader.read()
        pending = 0
        if let end = reader.metEnd { metEnd = end } else if available > 0 { metEnd = nil }
        if available == 0 {
          // Steps over what is not a record: the marks of transactions.
          if let metEnd { position = max(position, metEnd) }
          break
        }
        guard reader[0].offset >= position else {
          throw OperatorError.shortened(source, to: reader[0].offset, processed: position)
        }
      }
      let record = reader[pending]
      let applied = try apply(record)
      if waitsForReload { break }
      pending += 1
      position = record.offset + 1
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
      lost.formUnion(try DeltaWire.decodeLost(value))
      return 1
    }
    guard let task = DeltaWire.task(ofKey: key) else { return try apply(batch: value) }
    let headers = record.headers()
    var status = try DeltaWire.decodeStatus(value)
    // The broker's clock, where the topic has it; one clock alone makes nothing final.
    if record.timestamp > 0 { status = status.bounded(by: record.timestamp) }
    table.update(task: task, status)
    catchUp.update(task: task, headers)
    acceptanceTimes.append(AcceptanceTimes(headers))
    return 1
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
    // A window published as final before this commit is restated by it.
    let restated = publishedFinal.isKnown ? publishedFinal.time : .min
    meter.uncommitted.rollupsPublished += table.changedCount
    try records.send(changesOf: table, to: producer) { rollup in
      if rollup.windowEnd <= restated { countRestatement(of: rollup) }
    }
    isWritten = true
    // With every commit: it says how far the deltas have been added.
    try sendProgress(to: producer)
    publishedFinal = table.finalThrough
  }

  private func sendProgress(to producer: any LogProducer) throws {
    var key: [UInt8] = []
    var value: [UInt8] = []
    ProgressCodec.encodeKey(partition: source.partition, into: &key)
    // Before anything is final, the record still carries the tasks: no window ends this early.
    let progress = PublishedProgress(
      finalThrough: max(table.finalThrough.time, Time.earliest), epoch: epoch,
      lost: lost.sorted { ($0.topic, $0.partition, $0.from) < ($1.topic, $1.partition, $1.from) })
    if let schemas = output.schemas {
      ProgressCodec.encodeAvro(progress, schema: schemas.progress, into: &value)
    } else {
      ProgressCodec.encode(progress, into: &value)
    }
    let header = Header(
      name: ProgressHeader.name,
      value: ProgressHeader.encode(table, position: position, fingerprint: fingerprint))
    try key.withUnsafeBytes { key in
      try value.withUnsafeBytes { value in
        try producer.produce(
          configuration.topics.rollups, partition: source.partition, key: key, value: value,
          timestamp: nil, headers: [header])
      }
    }
  }

  /// Bytes of rollups that have been read back and are not in their places yet.
  var restoringBytes: Int { found?.byteCount ?? 0 }

  /// Bytes of the rollups in memory.
  var memory: StoreSize {
    StoreSize(name: "rollups", entries: table.count, bytes: table.byteCount)
  }

  /// - Parameter now: when the broker had confirmed the commit; wall time, as the events' acceptance.
  func didCommit(now: Milliseconds) {
    hasTaken = false
    mustCommit = false
    guard isWritten else { return }
    isWritten = false
    committedPosition = position
    acceptanceTimes.observe(now: now, in: &meter.counters.endToEndTime)
    acceptanceTimes.removeAll()
  }

  private func countRestatement(of rollup: RollupRevision) {
    let age = table.finalThrough.time - rollup.windowEnd
    meter.uncommitted.restatementAge.observe(Double(age) / 1_000)
  }

  // MARK: Restore

  /// The partition of the rollups that it feeds.
  var target: TopicPartition {
    TopicPartition(topic: configuration.topics.rollups, partition: source.partition)
  }

  /// Takes the next record of what this partition of the rollups topic holds: what can still change is kept.
  func take(restored record: Record) throws {
    guard let key = record.key, let value = record.value else { return }
    if ProgressCodec.decodeKey(key) == source.partition {
      let header = record.headers().first { $0.name == ProgressHeader.name }
      guard let header = header?.value else { return }
      let (position, finalThrough, tasks) = try header.withUnsafeBytes {
        try ProgressHeader.decode($0, fingerprint: fingerprint, topic: target.topic)
      }
      let progress = try output.forms.progress(value)
      table.restore(finalThrough: finalThrough, tasks: tasks)
      restoredPosition = position
      epoch = progress.epoch
      lost = Set(progress.lost)
    } else if let rollup = find(key) {
      var rollups = found ?? FoundRollups(codec, output.forms)
      found = nil
      try rollups.add(key, value, windowEnd: rollup.windowEnd, forgettable: table.forgettable(at:))
      found = rollups
    }
  }

  /// Everything has been taken: compares how far the deltas had been added with what the group has committed and
  /// where the deltas begin and end, and puts the rollups in their places.
  ///
  /// - Parameter makeEpoch: called for a partition that is started from nothing.
  /// - Throws: `OperatorError` where they do not fit.
  func didRestore(
    committed: Int64?, _ bounds: LogBounds, group: String, makeEpoch: () -> String
  ) throws {
    switch try InputStart.decide(
      source, remembered: restoredPosition, committed: committed, bounds, group: group,
      state: target.topic)
    {
    case .at(let offset): position = offset
    case .behind(let lost):
      throw OperatorError.doesNotFit(
        "\(source) begins at offset \(lost.upperBound), but was processed to \(lost.lowerBound)")
    }
    committedPosition = position
    mustCommit = restoredPosition != nil && committed == nil
    epoch = epoch ?? makeEpoch()
    publishedFinal = table.finalThrough
    let rollups = found
    found = nil
    try rollups?.visit { try restore($0, $1) }
  }

  /// Begins to take deltas.
  func begin(_ reader: any LogReader) { self.reader = reader }

  /// Loads back everything from the forgotten window on.
  func reload(from log: any Log) throws {
    guard let windowEnd = forgottenWindowEnd else { return }
    forgottenWindowEnd = nil
    table.prepareReload(endingAfter: windowEnd - 1)
    try load(from: log)
  }

  private func load(from log: any Log) throws {
    let partition = TopicPartition(topic: configuration.topics.rollups, partition: source.partition)
    try log.readThrough(partition) { record in
      guard let key = record.key, let value = record.value else { return }
      try restore(key, value)
    }
  }

  private func restore(_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws {
    guard let found = find(key), !table.hasForgotten(windowEnd: found.windowEnd) else { return }
    let rollup = try output.forms.rollup(value, codec)
    rollup.sums.withRow { sums, wideSums in
      table.restore(
        RollupRevision(
          view: found.view, windowStart: found.windowStart, windowEnd: found.windowEnd,
          names: found.names, sums: sums, wideSums: wideSums, isFinal: rollup.isFinal,
          number: rollup.revision))
    }
  }

  /// Which rollup a record of the rollups topic is; nil for what is none, or of no view that there is.
  private func find(
    _ key: UnsafeRawBufferPointer
  ) -> (view: Int, names: BorrowedBytes, windowStart: Milliseconds, windowEnd: Milliseconds)? {
    guard key.first != UInt8(ascii: "@"), let parts = RollupKeyCodec.split(key),
      let view = records.view(named: parts.view)
    else { return nil }
    return (
      view, parts.names, parts.windowStart, parts.windowStart + views[view].periodMilliseconds
    )
  }
}
