import Attribution
import Cluster
import Configuration
import Kafka
import Logging

/// Tasks on their way from their assignment to their first row.
extension AttributionStage {
  package func assign(_ partitions: [TopicPartition]) throws {
    let (opened, split) = try TaskAssignment(partitions, context.plan)
      .openings(context, suspended: suspended)
    // Those that were not brought back belong to others.
    suspended.removeAll()
    resumedCount = 0
    openings = opened
    for problem in split { context.logger.error("\(problem)") }
    splits = split
    openedEntries = 0
    copiedEntries = 0
  }

  package var isOpening: Bool { openings.contains { $0.obstacle == nil } }

  package var obstacles: [String] {
    splits
      + openings.compactMap { opening in
        opening.obstacle.map { "task \(opening.name) waits: \($0)" }
      }
  }

  package var summary: String {
    "\(tasks.count) task(s) taken over, \(openedEntries) entries restored"
      + (copiedEntries > 0 ? " (\(copiedEntries) of them from state_dir)" : "")
      + (resumedCount > 0 ? ", \(resumedCount) task(s) resumed" : "")
  }

  /// Brings the tasks that do not run yet on their way.
  func open() throws {
    let now = context.now()
    let waiting = openings.filter { $0.obstacle != nil }
    for opening in openings {
      try opening.advance(now: now)
      // The group has no offsets of it, which would fence the word: nobody has spoken for it lately.
      if opening.committedOffsets?.isEmpty == true { opening.isAnnounced = true }
    }
    sayWhoWaits(before: waiting)
    // None before all: what one of them counts must not be final by another's former word.
    guard openings.allSatisfy(\.isAnnounced) else { return }
    try readState()
    var hasLoaded = false
    for opening in openings where opening.isReadyToRun {
      // One slice a step, so that the group is served in between.
      if opening.isToBeLoaded, hasLoaded { continue }
      guard try mayHold(opening.bytesToRestore, for: [opening]) else { continue }
      if opening.isToBeLoaded {
        hasLoaded = true
        guard try opening.load() else {
          replace(opening, by: opening.fromTheBeginning(ignoresCopy: true))
          continue
        }
        if opening.isToBeLoaded { continue }
      }
      let copied = opening.copiedEntries
      let task = try opening.makeTask(stopsAtEnd: stopsAtEnd)
      let memory = (tasks + [task]).flatMap(\.memory)
      guard stopsAtEnd || context.process.memory.admits(memory, of: context.name) else {
        let needed = task.memory.reduce(0) { $0 + $1.bytes }
        task.close()
        replace(opening, by: opening.waitingForMemory(of: needed, now: now))
        continue
      }
      tasks.append(task)
      openedEntries += opening.entries
      copiedEntries += copied
      context.meter.count(restored: opening.entries - copied, fromCopies: copied)
      context.process.copies?.note(entries: copied)
      if opening.isResumed { resumedCount += 1 }
      openings.removeAll { $0 === opening }
      noteRestoring()
    }
    tasks.sort { ($0.partition, $0.kind.rawValue) < ($1.partition, $1.kind.rawValue) }
  }

  func replace(_ former: TaskOpening, by successor: TaskOpening) {
    former.close()
    guard let index = openings.firstIndex(where: { $0 === former }) else { return }
    openings[index] = successor
  }

  /// Says once for all tasks that the same thing keeps back, and once when they go on.
  private func sayWhoWaits(before: [TaskOpening]) {
    let (former, current) = (
      before.filter { $0.obstacle == nil }, openings.filter { $0.obstacle != nil }
    )
    if !former.isEmpty { context.logger.notice("\(names(of: former)) goes on") }
    let new = current.filter { opening in !before.contains { $0 === opening } }
    let causes = Dictionary(grouping: new) { opening in
      (opening.obstacle as? KafkaError)?.name ?? "\(opening.obstacle!)"
    }
    for (_, tasks) in causes.sorted(by: { $0.key < $1.key }) {
      context.logger.warning(
        "\(names(of: tasks)) waits, the others go on: \(tasks[0].obstacle!)")
    }
  }

  private func names(of openings: [TaskOpening]) -> String {
    let shown = openings.prefix(4).map(\.name).joined(separator: ", ")
    let rest = openings.count > 4 ? " and \(openings.count - 4) more" : ""
    return "task \(shown)\(rest)"
  }

  /// Reads state partitions for those who are ready, a slice per step.
  private func readState() throws {
    if scan == nil {
      let memory = context.process.memory
      let ready = openings.filter {
        $0.isReadyToRestore && (stopsAtEnd || memory.hasRoom(for: $0.bytesNeeded))
      }
      guard !ready.isEmpty else { return }
      for opening in ready { opening.beginRestore() }
      do {
        scan = try StateScan(
          Dictionary(grouping: ready, by: \.statePartition),
          starts: Dictionary(ready.map { ($0.statePartition, $0.stateStart) }) { min($0, $1) },
          ends: Dictionary(ready.map { ($0.statePartition, $0.stateEnd) }) { max($0, $1) },
          from: context.log
        ) { $0.take($1) }
      } catch {
        return try restart(ready, after: error)
      }
    }
    guard let scan else { return }
    do {
      for opening in try scan.advance() {
        try opening.didReadState()
        if opening.isOutdated {
          replace(opening, by: opening.fromTheBeginning(ignoresCopy: !opening.isResumed))
        }
      }
    } catch {
      scan.close()
      self.scan = nil
      return try restart(scan.unfinished, after: error)
    }
    let hasRoom = try mayHold(0, for: scan.unfinished)
    if scan.isFinished || !hasRoom {
      scan.close()
      self.scan = nil
    }
  }

  /// Has tasks opened anew whose state could not be read for now: the others go on.
  private func restart(_ failed: [TaskOpening], after error: any Error) throws {
    guard isWorthAnotherTry(after: error) else { throw error }
    for former in failed {
      context.logger.warning("the state of task \(former.name) is read again: \(error)")
      replace(former, by: former.successor(after: error, now: context.now()))
    }
  }
}
