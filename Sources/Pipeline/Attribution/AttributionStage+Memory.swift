import Cluster

/// Whether there is memory to read and to restore.
extension AttributionStage {
  var memoryInUse: MemoryLimit.Use { context.process.memory.use }

  /// Whether there is memory to read further. Once there is none, no task is idle any more: what waits in
  /// its inputs is not known.
  func hasMemory() throws -> Bool {
    let memory = context.process.memory
    let isReached = memory.isReached(
      by: context.name, holding: tasks.flatMap(\.memory), context.logger)
    guard !(isReached && stopsAtEnd) else {
      throw OperatorError.stateTooLarge(memory.use.total, limit: memory.bytes)
    }
    if isReached != isShedding {
      isShedding = isReached
      if isShedding { for task in tasks { task.stopReading() } }
    }
    noteRestoring()
    return !isReached
  }

  /// Notes what the tasks that are being restored hold.
  @discardableResult
  func noteRestoring(more: Int = 0) -> Bool {
    context.process.memory.admits(
      restore: openings.reduce(more) { $0 + $1.heldBytes }, by: context.name)
  }

  /// Whether there is memory for restoring tasks further. Where there is none, they give up what was read back
  /// and wait; the other tasks go on.
  func mayHold(_ more: Int, for restoring: [TaskOpening]) throws -> Bool {
    if noteRestoring(more: more) { return true }
    let memory = context.process.memory
    guard !stopsAtEnd else {
      throw OperatorError.stateTooLarge(memory.use.total, limit: memory.bytes)
    }
    for opening in restoring {
      let needed = opening.heldBytes + opening.bytesToRestore
      replace(opening, by: opening.waitingForMemory(of: needed, now: context.now()))
    }
    noteRestoring()
    return false
  }
}
