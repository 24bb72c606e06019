import Attribution
import Cluster
import Configuration
import Foundation
import Kafka
import Logging

/// Takes files into the input topics: each once, whole, however often the process dies.
///
/// A first pass checks every record; a file with broken ones is set aside. Its records then go in
/// transactions, each with an entry of the ledger, so that a successor goes on exactly behind the last
/// one that was committed. One thread.
public final class FileIngest {
  /// How files are taken.
  public struct Options: Sendable {
    /// That of all files, whatever they are called.
    public var kind: EventKind?
    public var rules = FileRules()
    public var timestamps = Timestamps.now
    /// Records per second; nil for as fast as possible.
    public var rate: Int?
    /// Leaves files where they are.
    public var keepsFiles = false
    /// Takes files once more whose content has been taken before.
    public var takesAgain = false
    /// The share of a kind's records in a file that may be unusable, 0 to 1. In a file with more of them
    /// something is wrong with the file; fewer become dead letters.
    public var brokenShare = 0.2
    /// How much goes into one transaction.
    var transactionSize = 20_000
    /// Before a failed transaction is tried again, in seconds.
    var firstPause = 0.25

    public init() {}
  }

  /// What timestamp records carry.
  public enum Timestamps: String, CaseIterable, Sendable {
    /// The time at which they are sent.
    case now
    /// Their own event time, but never one in the future.
    case event
  }

  /// What has been done.
  public struct Summary: Sendable {
    public var taken = 0
    /// Those that were in the topics before, whole.
    public var known = 0
    public var rejected = 0
    /// Those that could not be read.
    public var failed = 0
    /// Records sent, by kind.
    public var records: [EventKind: Int] = [:]
    /// Records that cannot be used, of files that were taken and of rejected ones.
    public var faults: [EventKind: FaultCounts] = [:]
  }

  let configuration: Configuration
  let options: Options
  private let log: any Log
  let logger: Logger
  let shouldStop: () -> Bool
  let onProgress: (Int, Int) -> Void
  let now: @Sendable () -> Milliseconds
  let topics: [EventKind: String]

  public internal(set) var summary = Summary()
  public let monitor = IngestMonitor()
  /// Makes the first pass over files, on whichever thread.
  package let surveyor: Surveyor
  var session: Session?
  /// Files that are not to be looked at again as long as they are the same.
  var passed: [String: String] = [:]

  /// A producer that has fenced all others, and what the ledger says since.
  struct Session {
    let producer: any LogProducer
    var ledger: FileLedger
  }

  /// How long `ingest` waits for a broker or a store that does not answer.
  package static let outageTimeout = Duration.seconds(300)

  /// - Parameters:
  ///   - log: where the input topics and the ledger's are.
  ///   - shouldStop: asked often; has the transaction under way finished and no other begun.
  ///   - onProgress: told how many records of the file under way are in its topic, of how many.
  public init(
    _ configuration: Configuration, _ options: Options, log: any Log, logger: Logger,
    shouldStop: @escaping () -> Bool, onProgress: @escaping (Int, Int) -> Void = { _, _ in },
    now: @escaping @Sendable () -> Milliseconds = {
      Milliseconds(Date().timeIntervalSince1970 * 1_000)
    }
  ) {
    self.configuration = configuration
    self.options = options
    self.log = log
    self.logger = logger
    self.shouldStop = shouldStop
    self.onProgress = onProgress
    self.now = now
    topics = Dictionary(
      uniqueKeysWithValues: EventKind.allCases.compactMap { kind in
        configuration.ownTopic(of: kind).map { (kind, $0) }
      })
    surveyor = Surveyor(
      kind: options.kind, rules: options.rules, definitions: configuration.definitions,
      kinds: Set(topics.keys), logger: logger, firstPause: options.firstPause, now: now)
  }

  /// Makes the ledger's topic if it is missing.
  public static func prepare(_ configuration: Configuration, logger: Logger) throws {
    try FileLedger.createTopic(configuration, logger: logger)
  }

  /// Fences every other ingest of the application.
  public func start() throws {
    _ = try openSession()
    monitor.change { $0.obstacle = nil }
  }

  public func close() {
    session?.producer.close()
    session = nil
  }

  // MARK: Files

  /// Takes what there is at `paths`, which may be folders.
  public func take(_ paths: [String]) throws {
    for path in paths {
      if try FileFinder.isFolder(path) {
        let folder = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        let store = WatchedFolder(folder: folder, keepsFiles: options.keepsFiles)
        try store.list { if !shouldStop() { try take($0, of: store) } }
      } else if !shouldStop() {
        let store = WatchedFolder(
          folder: FileFinder.parent(path), keepsFiles: options.keepsFiles)
        try take(store.file(path), of: store)
      }
    }
  }

  /// Watches folders until it is told to stop: takes every file that has not changed for a while.
  ///
  /// - Parameter settle: for how long, in milliseconds.
  public func watch(_ folders: [String], settle: Milliseconds) throws {
    let stores = folders.map {
      WatchedFolder(
        folder: $0.hasSuffix("/") ? String($0.dropLast()) : $0, keepsFiles: options.keepsFiles)
    }
    var seen: [String: (stamp: String, since: ContinuousClock.Instant)] = [:]
    while !shouldStop() {
      var present: Set<String> = []
      for store in stores {
        for path in try store.files() where !shouldStop() {
          let file = store.file(path)
          guard let stamp = file.content.stamp, passed[path] != stamp else { continue }
          present.insert(path)
          if seen[path]?.stamp != stamp { seen[path] = (stamp, .now) }
          guard seen[path]!.since.duration(to: .now) >= .milliseconds(settle) else { continue }
          try take(file, of: store)
        }
      }
      seen = seen.filter { present.contains($0.key) }
      for _ in 0..<10 where !shouldStop() { Thread.sleep(forTimeInterval: 0.1) }
    }
  }

  private func take(_ file: IncomingFile, of store: any FileStore) throws {
    guard let surveyed = try surveyor.survey(file, shouldStop: shouldStop) else { return }
    _ = try take(surveyed, of: store)
  }

  /// Whether the ledger knows all of a file, as far as that can be told without reading it.
  package func knows(_ file: IncomingFile) throws -> Bool {
    guard !options.takesAgain, let keys = surveyor.likelyKeys(file) else { return false }
    let ledger = try openSession().ledger
    return keys.allSatisfy { ledger[$0]?.isComplete ?? false }
  }

  /// Says of a file that it was in the topics before.
  package func passOver(_ file: IncomingFile) {
    summary.known += 1
    monitor.note(.known)
    logger.info("\(file.path) was taken before (--again takes it once more)")
  }

  /// Takes a file that has been looked at, or sets it aside. Throws what keeps all others from being taken as well.
  package func take(_ surveyed: SurveyedFile, of store: any FileStore) throws -> FileOutcome {
    let file = surveyed.file
    if let refusal = surveyed.refusal { return try pass(surveyed, refusal, store) }
    for survey in surveyed.report.surveys where survey.faultCount > 0 {
      summary.faults[survey.kind, default: FaultCounts()].add(survey.counts)
    }
    guard file.content.stamp == surveyed.stamp else {
      logger.notice("\(file.path) is still being written; left for later")
      return .postponed
    }
    guard surveyed.report.error == nil, surveyed.report.faultShare <= options.brokenShare else {
      return try reject(surveyed, store)
    }
    return try send(surveyed, store)
  }

  func pass(
    _ surveyed: SurveyedFile, _ refusal: StoreRefusal, _ store: any FileStore
  ) throws -> FileOutcome {
    passed[surveyed.file.path] = surveyed.stamp
    summary.failed += 1
    monitor.note(.failed)
    monitor.refuse(refusal.reason)
    var report = surveyed.report
    report.error = FileError(refusal.description)
    let place = try store.setAside(surveyed.file, report, as: .failed)
    logger.error("\(refusal); left where it is\(place.report.map { "; see \($0)" } ?? "")")
    return .failed
  }

  private func reject(_ surveyed: SurveyedFile, _ store: any FileStore) throws -> FileOutcome {
    let report = surveyed.report
    summary.rejected += 1
    monitor.note(.rejected)
    monitor.refuse(report.error == nil ? "unusable_records" : "unreadable")
    let place = try store.setAside(surveyed.file, report, as: .rejected)
    guard let moved = place.moved else {
      passed[surveyed.file.path] = surveyed.stamp
      logger.error("not taken: \(report.summary)\(place.report.map { "; see \($0)" } ?? "")")
      return .rejected
    }
    logger.error(
      "not taken: \(report.summary); set aside as \(moved), with \(place.report ?? "no report")")
    return .rejected
  }

  func openSession() throws -> Session {
    if let session { return session }
    let producer = try log.makeProducer(
      transactionalID: "\(configuration.applicationID)-ingest")
    do {
      let made = Session(producer: producer, ledger: try FileLedger(configuration, log))
      session = made
      return made
    } catch {
      producer.close()
      throw error
    }
  }
}
