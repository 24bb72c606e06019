import Attribution
import Cluster
import Codec
import Configuration
import Foundation
import Logging
import Reporting
import SQLite

/// Where `serve` keeps rollups that are too old for its memory.
public struct ServeHistory: Sendable {
  /// Windows that are older than this behind the watermark are kept on disk only.
  public var since: Milliseconds
  /// The folder; it has to be usable. Nil takes the first of `candidates` that is, or none.
  public var folder: String?
  public var candidates: [String]

  public init(since: Milliseconds, folder: String?, candidates: [String]) {
    self.since = since
    self.folder = folder
    self.candidates = candidates
  }

  struct Opened {
    var store: HistoryStore
    var board: RollupBoard
    var positions: [Int32: HistoryPosition]
  }

  /// Opens the history of the rollups topic, or makes it anew where it is of something else, and reads what memory
  /// holds of it. Nil, with a line, where there can be none.
  func open(_ settings: Configuration, logger: Logger) throws -> Opened? {
    guard let folder = try usableFolder(logger) else { return nil }
    let name = "\(settings.applicationID).\(settings.topics.rollups)"
      .addingPercentEncoding(
        withAllowedCharacters: .alphanumerics.union(.init(charactersIn: "-._")))
    let path = "\(folder)/\(name ?? "rollups").history"
    let identity = Self.identity(settings)
    do {
      let lock = try HistoryLock(path + ".lock")
      do {
        return try open(path, identity, lock, settings, logger)
      } catch {
        guard error is SQLiteError || error is HistoryMismatch || error is ArchiveFailure else {
          throw error
        }
        logger.notice("the history in \(path) is made anew: it \(Self.text(error))")
        try HistoryStore.remove(path)
        return try open(path, identity, lock, settings, logger)
      }
    } catch is HistoryLock.Taken {
      logger.warning(
        "another process uses the history in \(path): all rollups are kept in memory; give this one a --history-dir of its own"
      )
    } catch let error where error is SQLiteError || error is HistoryLock.SystemError {
      logger.warning("the history cannot be kept (\(error)): all rollups are kept in memory")
    }
    return nil
  }

  private func open(
    _ path: String, _ identity: String, _ lock: HistoryLock, _ settings: Configuration,
    _ logger: Logger
  ) throws -> Opened {
    let store = try HistoryStore(path, identity: identity, lock: lock)
    do {
      let positions = try store.positions()
      let check = try HistoryStart(settings, logger: logger).check(positions)
      if let obstacle = check.obstacle { throw HistoryMismatch("is of the past: \(obstacle)") }
      var board = RollupBoard(settings.definitions, partitionCount: check.partitionCount)
      try store.restore(&board, since: since)
      return Opened(store: store, board: board, positions: positions)
    } catch {
      store.close()
      throw error
    }
  }

  private static func text(_ error: any Error) -> String {
    (error as? HistoryMismatch)?.description ?? "cannot be read (\(error))"
  }

  /// Names everything that stored rows depend on.
  static func identity(_ settings: Configuration) -> String {
    let definitions = settings.definitions
    let views = definitions.views.map { "\($0.fingerprint)" }.joined(separator: ",")
    let models = definitions.models.map { "\(definitions.fingerprint(of: $0))" }
      .joined(separator: ",")
    return "\(settings.applicationID) \(settings.topics.rollups) views \(views) models \(models)"
  }

  private func usableFolder(_ logger: Logger) throws -> String? {
    if let folder {
      do { try HistoryFolder.prepare(folder) } catch let error as OperatorError {
        throw OperatorError(
          "no history can be kept in \(error); name another folder with --history-dir, or keep everything in memory with --since all"
        )
      }
      return folder
    }
    var reasons: [String] = []
    for candidate in candidates {
      do {
        try HistoryFolder.prepare(candidate)
        return candidate
      } catch { reasons.append("\(error)") }
    }
    logger.warning(
      """
      no folder for the history (\(reasons.joined(separator: "; "))): all rollups of the topic are kept in memory \
      and read again at every start; name one with --history-dir, or say --since all
      """)
    return nil
  }
}
