import Attribution
import Cluster

/// One task of the attribution stage, by its kind and partition number.
package struct TaskID: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// Whether it reads costs, or the keyed inputs.
  package let isCosts: Bool
  package let partition: Int32

  package init(isCosts: Bool, partition: Int32) {
    self.isCosts = isCosts
    self.partition = partition
  }

  package var description: String {
    "\((isCosts ? TaskKind.costs : .keyed).rawValue)|\(partition)"
  }

  package static func < (left: TaskID, right: TaskID) -> Bool {
    (left.isCosts ? 1 : 0, left.partition) < (right.isCosts ? 1 : 0, right.partition)
  }
}

extension TopicPlan {
  /// Every task of the attribution stage.
  package var tasks: [TaskID] {
    (0..<taskCount).map { TaskID(isCosts: false, partition: $0) }
      + (0..<costPartitions).map { TaskID(isCosts: true, partition: $0) }
  }
}
