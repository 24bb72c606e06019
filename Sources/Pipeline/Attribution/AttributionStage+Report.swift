import Attribution

extension AttributionStage {
  /// How its tasks stand, for whoever monitors the process. Once per commit.
  package func describe(_ report: inout WorkerReport) {
    report.counters.records = counts
    report.counters.unusable = unusable
    report.tasks = tasks.map(\.report)
  }
}

extension StreamTask {
  fileprivate var report: WorkerReport.Task {
    let progress = task.progress
    return WorkerReport.Task(
      partition: partition, isKeyed: kind == .keyed,
      watermark: progress.watermark.isKnown ? progress.watermark.time : nil,
      sources: inputs.map { input in
        WorkerReport.Source(
          partition: input.partition, position: input.position, lag: input.lag,
          isIdle: progress[input.number].isIdle)
      },
      lost: lost, stores: task.stores, copy: copy)
  }
}
