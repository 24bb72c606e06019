import Attribution

extension RollupStage {
  /// How its partitions stand, for whoever monitors the process. Once per commit.
  package func describe(_ report: inout WorkerReport) {
    report.rollups = partitions.map(\.report)
  }
}

extension RollupPartition {
  fileprivate var report: WorkerReport.Rollups {
    WorkerReport.Rollups(
      source: WorkerReport.Source(partition: source, position: position, lag: lag, isIdle: nil),
      finalThrough: table.finalThrough.isKnown ? table.finalThrough.time : nil,
      openCount: table.openCount, store: table.store)
  }
}
