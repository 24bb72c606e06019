/// Which inputs a task reads.
enum TaskKind: String {
  /// Impressions, clicks and conversions of one partition number.
  case keyed
  /// One partition of the costs.
  case costs

  init(_ task: TaskID) { self = task.isCosts ? .costs : .keyed }
}
