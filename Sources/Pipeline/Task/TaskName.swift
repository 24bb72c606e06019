import Attribution
import Cluster

/// One task of the attribution stage, by its role and partition number.
package struct TaskName: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// Whether it reads costs, or the keyed inputs.
  package let isCosts: Bool
  package let partition: Int32

  package init(isCosts: Bool, partition: Int32) {
    self.isCosts = isCosts
    self.partition = partition
  }

  package var description: String {
    "\((isCosts ? PartitionTask.Role.costs : .keyed).rawValue)|\(partition)"
  }

  package static func < (left: TaskName, right: TaskName) -> Bool {
    (left.isCosts ? 1 : 0, left.partition) < (right.isCosts ? 1 : 0, right.partition)
  }
}

extension TopicPlan {
  /// Every task of the attribution stage.
  package var tasks: [TaskName] {
    (0..<taskCount).map { TaskName(isCosts: false, partition: $0) }
      + (0..<costPartitions).map { TaskName(isCosts: true, partition: $0) }
  }
}
