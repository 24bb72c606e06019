import Codec
import Configuration
import Logging
import Synchronization

/// The copies of live state that a process keeps. Thread-safe.
package final class StateCopies: Sendable {
  /// What became of copies.
  package struct Tally: Sendable {
    /// Entries restored from them.
    package var entries = 0
    /// Why they were of no use, and how often.
    package var problems: [String: Int] = [:]

    package init() {}
  }

  private let store: any CopyStore
  private let segmentLimit: Int
  private let counted = Mutex(Tally())

  /// - Parameter segmentLimit: bytes at which a copy begins its next file.
  package init(_ store: any CopyStore, segmentLimit: Int = StateCopy.segmentBytes) {
    self.store = store
    self.segmentLimit = segmentLimit
  }

  package var tally: Tally { counted.withLock { $0 } }

  func note(entries: Int) { counted.withLock { $0.entries += entries } }

  /// Those of a configuration; nil where it wants none, or its folder cannot be used.
  convenience init?(_ configuration: Configuration, _ logger: Logger) {
    guard let folder = configuration.stateDir else { return nil }
    do {
      self.init(try DiskCopyStore("\(folder)/state-\(configuration.applicationID)"))
    } catch {
      logger.warning("state_dir: \(error); restarts read the whole state topic")
      return nil
    }
  }

  /// Of the blocks' form, and of what their payloads are.
  private static let format = "tributary copy 1, changelog \(ChangelogChunk.version)"

  /// Takes a task's copy, empty where there was none; nil where another worker or process has it.
  func open(_ task: String, _ configuration: Configuration, _ logger: Logger) -> StateCopy? {
    let identity = [Self.format, configuration.applicationID, configuration.stateTopic, task]
      .joined(separator: "\n")
    let seed = Array(identity.utf8).withUnsafeBytes { XXHash64.hash($0) }
    do {
      let copy = try StateCopy(
        seed: seed, segmentLimit: segmentLimit, open: { [store] in try store.open(task) },
        giveUp: { [self] in note($0, task, logger) })
      if copy == nil {
        say(
          "in use", "the copy of task \(task) in state_dir is in use elsewhere: it is left alone",
          logger)
      }
      return copy
    } catch {
      note(error, task, logger)
      return nil
    }
  }

  /// Says that a task's copy is of no use.
  func note(_ problem: any Error, _ task: String, _ logger: Logger) {
    let kind = (problem as? FileError).map { "\($0.code)" } ?? "\(problem)"
    say(
      kind, "the copy of task \(task) in state_dir is of no use, its state topic is: \(problem)",
      logger)
  }

  /// Says a thing once for all tasks.
  private func say(_ kind: String, _ line: String, _ logger: Logger) {
    let isNews = counted.withLock {
      $0.problems[kind, default: 0] += 1
      return $0.problems[kind] == 1
    }
    logger.log(level: isNews ? .warning : .debug, "\(line)")
  }
}
