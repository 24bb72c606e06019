import Cluster

/// One worker on its thread: makes its steps, and tells the supervisor that it is alive and well.
struct WorkerThread<S: Stage> {
  let worker: Worker<S>
  let heartbeat: Heartbeat
  private var wasWell = false

  init(_ worker: Worker<S>, _ heartbeat: Heartbeat) {
    self.worker = worker
    self.heartbeat = heartbeat
  }

  /// Makes a step; false where another worker has taken this one's place meanwhile.
  ///
  /// - Parameter isWell: called once partitions have been assigned.
  mutating func step(isWell: () -> Void) throws -> Bool {
    try worker.step()
    guard !heartbeat.isAbandoned else { return false }
    heartbeat.beat()
    if !wasWell && worker.hasAssignment {
      isWell()
      wasWell = true
    }
    return true
  }

  /// Commits and leaves the group. One that was abandoned only leaves.
  ///
  /// - Returns: whether it has committed.
  func finish() throws -> Bool {
    guard !heartbeat.isAbandoned else {
      worker.close()
      return false
    }
    try worker.stop()
    return true
  }
}
