import Attribution
import Configuration
import Logging

/// A changelog and its copy, without a worker: for benchmarks.
extension Changelog {
  /// Has what is flushed from now on copied.
  package func keepCopy(
    _ task: String, in copies: StateCopies, _ configuration: Configuration
  ) {
    copy = copies.open(task, configuration, .quiet)
  }

  /// Writes to the copy what the last `flush` was about.
  package func commitCopy() { didCommit(at: 0) }

  /// Lets others have the copy.
  package func releaseCopy() { copy?.release() }

  /// Brings a new task back to where its copy's last commit left it.
  ///
  /// - Returns: the number of entries restored.
  package func restore(
    _ task: AttributionTask, fromCopyOf name: String, in copies: StateCopies,
    _ configuration: Configuration
  ) throws -> Int {
    guard let copy = copies.open(name, configuration, .quiet), let commit = copy.last else {
      throw CopyError.incomplete
    }
    defer { copy.release() }
    let progress = try commit.progress.withUnsafeBytes {
      try ProgressRecord($0, under: task.definitions.fingerprint, topic: topic)
    }
    var restoration = beginRestore(task, progress, makeLiveRecords())
    while try !copy.loadSegment({ try restore($2, $0, $1, by: &restoration) }) {}
    return restoration.count
  }
}

extension Logger {
  /// One that says nothing.
  fileprivate static var quiet: Logger {
    Logger(label: "tributary", factory: { _ in SwiftLogNoOpLogHandler() })
  }
}
