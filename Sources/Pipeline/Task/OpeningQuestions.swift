import Attribution
import Cluster
import Kafka

/// What is asked before a partition is read: first what the group has committed, then where the logs begin and
/// end. Nobody waits for the answers.
struct OpeningQuestions {
  private var committedQuestion = RepeatedQuestion<[TopicPartition: Int64]>()
  private var boundsQuestion = RepeatedQuestion<[TopicPartition: Result<LogBounds, any Error>]>()

  /// What the group has committed; nil before the answer.
  var committed: [TopicPartition: Int64]? { committedQuestion.answer }

  /// Where each log begins and ends; nil before all of them are known.
  var bounds: [TopicPartition: LogBounds]? {
    guard let answer = boundsQuestion.answer else { return nil }
    let found = answer.compactMapValues { try? $0.get() }
    return found.count == answer.count ? found : nil
  }

  /// Lets questions and answers pass. Does not block.
  ///
  /// - Parameters:
  ///   - partitions: of which committed offsets are asked for.
  ///   - logs: those whose bounds are.
  /// - Returns: the error of a question that has just failed; it is going to be asked again.
  /// - Throws: an error that no repetition mends.
  mutating func advance(
    now: Milliseconds, _ prober: any LogProber, committed partitions: [TopicPartition],
    by group: String, bounds logs: [TopicPartition]
  ) throws -> (any Error)? {
    if let error = try committedQuestion.advance(
      now: now, { prober.committed(partitions, by: group) })
    {
      return error
    }
    guard committed != nil else { return nil }
    // Only now: nothing may be committed behind these ends.
    var failure = try boundsQuestion.advance(now: now) { prober.bounds(of: logs) }
    for result in boundsQuestion.answer?.values.map({ $0 }) ?? [] {
      guard case .failure(let error) = result else { continue }
      failure = try boundsQuestion.fail(error, now: now)
      break
    }
    return failure
  }

  /// Has them asked after a pause only.
  mutating func pauseBeforeAsking(now: Milliseconds) {
    committedQuestion.pauseBeforeAsking(now: now)
  }
}
