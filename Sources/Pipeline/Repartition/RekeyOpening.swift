import Attribution
import Cluster
import Codec
import Configuration
import Kafka

/// A partition of a re-keyed topic on its way from its assignment to its first row, as ``TaskOpening``: asks where it
/// stands, and compares what the group, the topic of positions and the log say. Nothing of it waits for a broker.
final class RekeyOpening {
  let source: TopicPartition
  private(set) var state = TaskState.created
  /// What keeps it from going on, while something does.
  private(set) var obstacle: (any Error)?

  private let context: StageContext
  private let key: [UInt8]
  private var progress: RekeyProgress?
  private var start: InputStart?
  private var committed = RepeatedQuestion<[TopicPartition: Int64]>()
  private var bounds = RepeatedQuestion<[TopicPartition: Result<LogBounds, any Error>]>()
  /// The record that was read last, or the first behind what is lost.
  private var record = RepeatedQuestion<RecordFingerprint?>()

  init(_ source: TopicPartition, _ context: StageContext) {
    self.source = source
    self.context = context
    key = RekeyProgress.key(source)
  }

  static func positions(_ configuration: Configuration) -> TopicPartition {
    TopicPartition(topic: configuration.keyedPositionsTopic, partition: 0)
  }

  private var positions: TopicPartition { Self.positions(context.configuration) }

  private var answeredBounds: [TopicPartition: LogBounds]? {
    guard let answer = bounds.answer else { return nil }
    let found = answer.compactMapValues { try? $0.get() }
    return found.count == answer.count ? found : nil
  }

  var isReadyToRestore: Bool { state == .created && answeredBounds != nil }

  /// Where the topic of positions ends, open transactions included.
  var positionsEnd: Int64 { answeredBounds?[positions]?.end ?? 0 }

  /// Lets questions and answers pass. Does not block.
  ///
  /// - Throws: an error that no repetition mends.
  func advance(now: Milliseconds) throws {
    switch state {
    case .created:
      try note(
        committed.advance(now: now) {
          context.log.prober.committed([source], by: context.group)
        })
      guard committed.answer != nil else { return }
      // Only now: nothing may be committed behind these ends.
      try note(bounds.advance(now: now) { context.log.prober.bounds(of: [source, positions]) })
      for result in bounds.answer?.values.map({ $0 }) ?? [] {
        if case .failure(let error) = result { return try note(bounds.fail(error, now: now)) }
      }
      if bounds.answer != nil { goOn() }
    case .restoring:
      guard let offset = offsetToRead else { return }
      try note(
        record.advance(now: now) {
          context.log.prober.record(atOrAfter: offset, of: source)
        })
      if record.answer != nil { goOn() }
    default: break
    }
  }

  private func note(_ error: (any Error)?) {
    guard let error else { return }
    if obstacle == nil {
      context.logger.warning("re-keying of \(source) waits, the others go on: \(error)")
    }
    obstacle = error
  }

  private func goOn() {
    guard obstacle != nil else { return }
    obstacle = nil
    context.logger.notice("re-keying of \(source) goes on")
  }

  func beginRestore() { state.move(to: .restoring) }

  /// Takes the next record of the topic of positions.
  func take(_ record: Record) throws {
    guard let found = record.key, found.elementsEqual(key) else { return }
    progress = try record.value.map { try RekeyProgress($0, topic: positions.topic) }
  }

  /// The topic of positions has been read to its end.
  ///
  /// - Throws: `OperatorError` where positions, offsets and log do not fit.
  func didReadPositions() throws {
    let start = try InputStart.decide(
      source, remembered: progress?.position.position, committed: committed.answer?[source],
      answeredBounds![source]!, group: context.group, state: positions.topic)
    if case .behind(let lost) = start, context.configuration.onLostInput == .stop {
      throw OperatorError.lost(source, lost)
    }
    self.start = start
  }

  /// Which record is to be looked at before the partition is read; nil for none.
  private var offsetToRead: Int64? {
    switch start {
    case .behind(let lost): return lost.upperBound
    case .at:
      guard let last = progress?.position.last, last.offset >= answeredBounds![source]!.start else {
        return nil
      }
      return last.offset
    case nil: return nil
    }
  }

  /// Whether nothing more is to be asked or read.
  var isReadyToRun: Bool {
    state == .restoring && start != nil && (record.answer != nil || offsetToRead == nil)
  }

  /// The partition, at the place where it is to be read on.
  ///
  /// - Parameter stopsAtEnd: read to where the log ended at the take-over, and no further.
  func makePartition(stopsAtEnd: Bool) throws -> RekeyPartition {
    let found = record.answer ?? nil
    var lost = progress?.lost ?? []
    let position: Int64
    switch start! {
    case .at(let offset):
      position = offset
      if let last = progress?.position.last {
        try InputStart.check(source, last: last, found: found)
      }
    case .behind(let range):
      position = range.upperBound
      var checkpoint = TaskCheckpoint(lost: lost)
      checkpoint.add(lostRange(range, first: found))
      lost = checkpoint.lost
    }
    let end = answeredBounds![source]!.stableEnd
    let input = InputPartition(
      number: 0, partition: source, plan: try context.inputPlan(of: source.topic),
      reader: try context.consumer.reader(of: source, from: position, end: end),
      definitions: context.configuration.definitions, start: position,
      last: progress?.position.last, stop: stopsAtEnd ? end : nil, now: context.now())
    state.move(to: .running)
    return RekeyPartition(
      input, largest: progress?.largest ?? .unknown, lost: lost,
      hasLost: lost.count != progress?.lost.count ?? 0)
  }

  private func lostRange(_ range: Range<Int64>, first: RecordFingerprint?) -> LostRange {
    context.logger.error(
      """
      \(source): \(range.count) records from offset \(range.lowerBound) to \(range.upperBound) were \
      deleted before they were read; reports of the days concerned say so
      """)
    let newest = progress?.largest ?? .unknown
    return LostRange(
      topic: source.topic, partition: source.partition, from: range.lowerBound,
      to: range.upperBound, after: newest.isKnown ? newest.time : nil, before: first?.timestamp)
  }

  /// It has lost its partition, or failed: whoever opens it next begins anew.
  func close() { state.move(to: .closed) }

  /// The same from its beginning, after a pause: the positions could not be read.
  func successor(after error: any Error, now: Milliseconds) -> RekeyOpening {
    let next = RekeyOpening(source, context)
    next.obstacle = error
    next.committed.pauseBeforeAsking(now: now)
    return next
  }
}
