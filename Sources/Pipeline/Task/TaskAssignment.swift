import Attribution
import Cluster
import Kafka

/// What a member's assigned partitions make: tasks that have all of their inputs, and such that have not.
///
/// The `range` assignor gives equal partition numbers of all topics to one member as long as all members
/// subscribe to the same topics and these have the same number of partitions. While they do not (a rolling change
/// that adds a topic, a topic that grows) a task may be split between two members: neither may process it.
struct TaskAssignment {
  private let partitions: [TopicPartition]
  private let plan: TopicPlan

  init(_ partitions: [TopicPartition], _ plan: TopicPlan) {
    self.partitions = partitions
    self.plan = plan
  }

  /// The tasks to open, and a line for each that is split.
  ///
  /// - Parameter suspended: tasks that this process has suspended.
  /// - Throws: `OperatorError` when there are more partitions than the process was started with.
  func openings(
    _ context: StageContext, suspended: [TaskID: SuspendedTask]
  ) throws(OperatorError) -> (opened: [TaskOpening], split: [String]) {
    let owned = Set(partitions)
    var opened: [TaskOpening] = []
    var split: [String] = []
    for kind in [TaskKind.keyed, .costs] {
      let topics = plan.inputs(of: kind)
      let names = Set(topics.map(\.name))
      let count = plan.partitionCount(of: kind)
      let numbers = Set(partitions.filter { names.contains($0.topic) }.map(\.partition))
      for number in numbers.sorted() {
        guard number < count else {
          throw .otherPartitions(topics.map(\.name), was: count, is: numbers.max()! + 1)
        }
        let inputs = topics.map { TopicPartition(topic: $0.name, partition: number) }
        let missing = inputs.filter { !owned.contains($0) }
        guard missing.isEmpty else {
          let given = inputs.filter(owned.contains)
          split.append(
            "task \(kind.rawValue)-\(number) is not processed: this member was assigned "
              + "\(list(given)) without \(list(missing)); give every instance the same topics, "
              + "and these equal partition counts")
          continue
        }
        let former = suspended[TaskID(isCosts: kind == .costs, partition: number)]
        opened.append(
          TaskOpening(
            kind: kind, number: number, inputs: inputs, partitionCount: count, context: context,
            suspended: former?.inputs == inputs ? former : nil))
      }
    }
    return (opened, split)
  }

  private func list(_ partitions: [TopicPartition]) -> String {
    partitions.map(\.description).joined(separator: ", ")
  }
}

extension TopicPlan {
  /// The inputs that a kind of task reads, in the order in which it numbers them.
  func inputs(of kind: TaskKind) -> [InputTopic] {
    inputTopics.filter { $0.isCosts == (kind == .costs) }
  }

  /// The task that reads a topic's partition.
  package func task(of topic: String, partition: Int32) -> TaskID {
    let isCosts = inputTopics.first { $0.name == topic }?.isCosts ?? false
    return TaskID(isCosts: isCosts, partition: partition)
  }

  func partitionCount(of kind: TaskKind) -> Int32 {
    kind == .costs ? costPartitions : taskCount
  }
}
