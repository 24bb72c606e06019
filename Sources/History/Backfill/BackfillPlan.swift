import Attribution
import Cluster
import Codec
import Configuration
import Inputs
import Kafka
import Pipeline

/// What a backfill reads: its slices of event time, the inputs as far as they are processed, and where reading them
/// begins for each slice.
struct BackfillPlan {
  /// A slice, and the first offset of each input that it needs.
  struct Step {
    let slice: BackfillSlice
    let starts: [TopicPartition: Int64]
  }

  let steps: [Step]
  let inputs: [Input]
  private let topics: TopicPlan

  /// A partition of an input, and where it ends: what follows is still the processor's.
  typealias Input = (partition: TopicPartition, end: Int64)

  /// The inputs as far as they are processed. To be found before the late events are read: a record that is counted
  /// here and became late afterwards would be missing there.
  static func inputs(
    _ configuration: Configuration, from log: any ArchiveLog
  ) throws -> [Input] {
    let partitions = try configuration.inputTopics.flatMap { try log.partitions(of: $0.name) }
    let ends = try log.committed(partitions, by: "\(configuration.applicationID)-attribution")
    return partitions.map { ($0, ends[$0] ?? 0) }
  }

  /// - Parameters:
  ///   - start: where the whole period begins, for the message.
  ///   - days: one slice each.
  /// - Throws: `OperatorError` when a log no longer reaches back far enough.
  init(
    _ definitions: Definitions, _ topics: TopicPlan, inputs: [Input], from start: Milliseconds,
    days: [Range<Milliseconds>], in log: any ArchiveLog
  ) throws {
    self.topics = topics
    self.inputs = inputs
    steps = try days.map { day in
      let slice = BackfillSlice(from: day.lowerBound, to: day.upperBound, definitions)
      let oldest = slice.events.lowerBound - definitions.maxFutureSkew
      let starts = try Self.starts(
        of: inputs.map(\.partition), atOrAfter: oldest, neededFrom: start, in: log)
      return Step(slice: slice, starts: starts)
    }
  }

  /// Where to begin to read: no event is older than its record, but for the skew that is allowed.
  private static func starts(
    of partitions: [TopicPartition], atOrAfter oldest: Milliseconds,
    neededFrom start: Milliseconds, in log: any ArchiveLog
  ) throws -> [TopicPartition: Int64] {
    let found = try log.offsets(of: partitions, atOrAfter: oldest)
    for (partition, first) in try log.starts(of: partitions) where first > 0 {
      guard (found[partition] ?? 0) <= first else { continue }
      throw OperatorError(
        "\(partition) no longer reaches back to \(Time.formatSeconds(oldest)), which a backfill from "
          + "\(Time.formatSeconds(start)) needs (look-back included): its first records are gone; "
          + "choose a later --from, or restore them")
    }
    return found
  }

  /// Records that are read for all slices together.
  var recordCount: Int {
    steps.reduce(0) { sum, step in
      sum + inputs.reduce(0) { $0 + Int(max(0, $1.end - step.starts[$1.partition]!)) }
    }
  }

  /// What is read for a task and a slice.
  func sources(
    of task: TaskID, _ step: Step, _ plans: InputPlans, _ late: LateEventIndex
  ) -> [Recomputation.Source] {
    inputs.filter { topics.task(of: $0.partition.topic, partition: $0.partition.partition) == task }
      .map { input in
        Recomputation.Source(
          plan: plans.plan(of: input.partition.topic)!, partition: input.partition,
          start: step.starts[input.partition]!, end: input.end,
          late: late.places[input.partition] ?? [])
      }
  }
}
