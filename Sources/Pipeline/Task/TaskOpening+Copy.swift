import Attribution
import Cluster

/// The copy of a task's state on this machine: what it has need not be read from the topic.
extension TaskOpening {
  /// Entries that were restored from the copy.
  var copiedEntries: Int { loading?.count ?? 0 }

  /// Looks for a copy, and has only that read which is behind it.
  func openCopy() {
    guard let copies = context.process.copies else { return }
    copy = copies.open(name, context.configuration, context.logger)
    guard let commit = copy?.last else { return }
    if ignoresCopy || commit.position >= stateEnd {
      return giveUpCopy(after: ignoresCopy ? nil : CopyError.otherHistory)
    }
    live = LiveRecords(name: kind.rawValue, behind: commit)
  }

  /// Whether the topic has what the copy says that it has; without a copy there is nothing to compare.
  func hasTopicOfCopy() -> Bool {
    guard copy?.last != nil, !live.hasExpectedProgress else { return true }
    giveUpCopy(after: CopyError.otherHistory)
    return false
  }

  /// Begins an empty copy in the place of one that is of no use.
  private func giveUpCopy(after error: CopyError?) {
    if let error { context.process.copies?.note(error, name, context.logger) }
    copy?.clear()
  }

  /// Whether there is something to be restored from the copy.
  var isToBeLoaded: Bool { copy?.isToBeLoaded ?? false }

  /// Restores the next slice of the copy.
  ///
  /// - Returns: whether the copy is what it should be. Where it is not, the task has to be opened anew without it.
  func load() throws -> Bool {
    guard let copy, let progress else { return true }
    if loading == nil {
      let task = try makeTask(secret: progress.checkpoint.secret)
      loading = changelog.beginRestore(task, progress, live)
    }
    do {
      _ = try copy.loadSegment { serial, bucket, record in
        try changelog.restore(record, serial, bucket, by: &loading!)
      }
      return true
    } catch {
      context.process.copies?.note(error, name, context.logger)
      copy.clear()
      return false
    }
  }
}

extension Changelog {
  /// Takes its copy back after a suspension, or gives it up where another has had it.
  func retakeCopy() {
    if copy?.retake() == false { copy = nil }
  }
}
