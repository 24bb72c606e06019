import Attribution
import Cluster
import Configuration
import Kafka

/// How far each task has come, as the state topic has it.
package enum RetentionMarks {
  /// How many records from the end to look through first.
  private static let firstLook: Int64 = 4_096

  /// The mark up to which each task has dropped its state: it accepts nothing that is older than this by more than
  /// the correction horizon. Without a mark: a task that has accepted nothing yet.
  package static func read(
    _ configuration: Configuration, _ plan: TopicPlan, from log: any ArchiveLog
  ) throws -> [TaskID: Watermark] {
    var marks: [TaskID: Watermark] = [:]
    for (partition, tasks) in Dictionary(grouping: plan.tasks, by: \.partition) {
      let source = TopicPartition(topic: configuration.stateTopic, partition: partition)
      marks.merge(try read(tasks, source, configuration, log)) { $1 }
    }
    return marks
  }

  /// A task writes its progress with every commit, so the last is near the end.
  private static func read(
    _ tasks: [TaskID], _ source: TopicPartition, _ configuration: Configuration,
    _ log: any ArchiveLog
  ) throws -> [TaskID: Watermark] {
    let keys = tasks.map { task in
      Changelog.progressKey((task.isCosts ? TaskKind.costs : .keyed).rawValue)
    }
    let end = try log.ends(of: [source])[source] ?? 0
    var marks: [TaskID: Watermark] = [:]
    var length = firstLook
    repeat {
      try log.readThrough(source, from: max(0, end - length)) { record in
        guard let key = record.key, let value = record.value,
          let index = keys.firstIndex(where: { $0.elementsEqual(key) })
        else { return }
        marks[tasks[index]] = try ProgressRecord(
          value, under: configuration.definitions.fingerprint, topic: source.topic
        ).retentionMark
      }
      length *= 16
    } while marks.count < tasks.count && length / 16 < end
    return marks
  }
}
