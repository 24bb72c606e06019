import Attribution
import Cluster
import Codec
import Kafka

/// The task that an opening comes to.
extension TaskOpening {
  /// The task, with its state, at the places where its inputs are to be read on.
  ///
  /// - Parameter stopsAtEnd: read to where the logs ended at the take-over, and no further.
  func makeTask(stopsAtEnd: Bool) throws -> StreamTask {
    var checkpoint = progress?.checkpoint ?? TaskCheckpoint()
    if checkpoint.secret.isEmpty {
      checkpoint.secret = TaskCheckpoint.makeSecret(context.random)
    }
    checkpoint.partitionCount = partitionCount
    let task = try suspended?.task ?? loading?.task ?? makeTask(secret: checkpoint.secret)
    var opened: [InputPartition] = []
    var lost: [LostRange] = []
    for (index, input) in partitions.enumerated() {
      let former = progress?.checkpoint.inputs[index]
      let found = records[index].answer ?? nil
      let position: Int64
      switch starts[index] {
      case .at(let offset):
        position = offset
        if let last = former?.last {
          try InputStart.check(input, last: last, found: found)
        }
      case .behind(let range):
        position = range.upperBound
        lost.append(lostRange(range, of: input, number: index, first: found))
      }
      opened.append(
        try open(input, number: index, at: position, former?.last, stopsAtEnd: stopsAtEnd))
    }
    try restore(task)
    for range in lost { checkpoint.add(range) }
    state.move(to: .running)
    return StreamTask(
      id, inputs: opened, task: task, changelog: changelog,
      checkpoint: checkpoint, mustCommit: !lost.isEmpty || hasLostOffsets, state: state,
      context: context)
  }

  /// A task that remembers nothing yet.
  func makeTask(secret: [UInt8]) throws -> AttributionTask {
    guard let secret = IdentitySecret(secret) else {
      throw OperatorError(
        "the progress record of task \(name) in \(statePartition) is damaged; `tributary reset` starts again"
      )
    }
    return AttributionTask(
      definitions: context.configuration.definitions, inputCount: partitions.count, secret: secret,
      longestWalk: context.configuration.longestWalk)
  }

  /// Puts the state in its place, or what the copy has left of it.
  private func restore(_ task: AttributionTask) throws {
    changelog.stateEnd = progress == nil ? stateEnd : live.progressOffset
    guard !isResumed else { return changelog.retakeCopy() }
    if let progress {
      var restoration = loading ?? changelog.beginRestore(task, progress, live)
      try changelog.restore(live, by: &restoration)
      entries = restoration.count
    }
    changelog.adopt(copy, live, kept: task.liveBuckets, time: context.clock.wall())
    copy = nil
    loading = nil
  }

  /// Whether the group has no offsets although the task has.
  private var hasLostOffsets: Bool {
    progress != nil && (questions.committed?.count ?? 0) < partitions.count
  }

  private func open(
    _ input: TopicPartition, number: Int, at position: Int64, _ last: RecordFingerprint?,
    stopsAtEnd: Bool
  ) throws -> InputPartition {
    let end = questions.bounds![input]!.stableEnd
    let sources = context.plan.sources(of: input.topic)
    let reader = try context.consumer.reader(of: input, from: position, end: end)
    return InputPartition(
      number: number, partition: input, plan: try context.inputPlan(of: input.topic),
      reader: sources.isEmpty ? reader : UnpackingReader(reader, of: input),
      definitions: context.configuration.definitions, start: position, last: last,
      stop: stopsAtEnd ? end : nil, now: context.now(),
      sources: sources.isEmpty ? nil : SourceTable(sources))
  }

  private func lostRange(
    _ range: Range<Int64>, of partition: TopicPartition, number: Int, first: RecordFingerprint?
  ) -> LostRange {
    context.logger.error(
      """
      \(partition): \(range.count) records from offset \(range.lowerBound) to \(range.upperBound) were \
      deleted before they were read; reports of the days concerned say so
      """)
    let newest = progress?.largest[number] ?? .unknown
    return LostRange(
      topic: partition.topic, partition: partition.partition, from: range.lowerBound,
      to: range.upperBound, after: newest.isKnown ? newest.time : nil, before: first?.timestamp)
  }
}
