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

  private let configuration: Configuration
  private let options: Options
  private let log: any Log
  private let logger: Logger
  private let shouldStop: () -> Bool
  private let onProgress: (Int, Int) -> Void
  private let now: () -> Milliseconds
  private let topics: [EventKind: String]

  public private(set) var summary = Summary()
  private var session: Session?
  /// Files that are not to be looked at again as long as they are the same.
  private var passed: [String: FileStamp] = [:]

  /// A producer that has fenced all others, and what the ledger says since.
  private struct Session {
    let producer: any LogProducer
    var ledger: FileLedger
  }

  /// For how long a broker that does not answer is waited for.
  private static let patience = Duration.seconds(300)

  /// - Parameters:
  ///   - log: where the input topics and the ledger's are.
  ///   - shouldStop: asked often; has the transaction under way finished and no other begun.
  ///   - onProgress: told how many records of the file under way are in its topic, of how many.
  public init(
    _ configuration: Configuration, _ options: Options, log: any Log, logger: Logger,
    shouldStop: @escaping () -> Bool, onProgress: @escaping (Int, Int) -> Void = { _, _ in },
    now: @escaping () -> Milliseconds = { Milliseconds(Date().timeIntervalSince1970 * 1_000) }
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
  }

  /// Makes the ledger's topic if it is missing.
  public static func prepare(_ configuration: Configuration, logger: Logger) throws {
    try FileLedger.createTopic(configuration, logger: logger)
  }

  /// Fences every other ingest of the application.
  public func start() throws { _ = try openSession() }

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
        let intake = Intake(folder: folder)
        for file in try intake.files() where !shouldStop() { try take(file, of: intake) }
      } else if !shouldStop() {
        try take(path, of: Intake(folder: FileFinder.parent(path)))
      }
    }
  }

  /// Watches folders until it is told to stop: takes every file that has not changed for a while.
  ///
  /// - Parameter settle: for how long, in milliseconds.
  public func watch(_ folders: [String], settle: Milliseconds) throws {
    let intakes = folders.map { Intake(folder: $0.hasSuffix("/") ? String($0.dropLast()) : $0) }
    var seen: [String: (stamp: FileStamp, since: ContinuousClock.Instant)] = [:]
    while !shouldStop() {
      var present: Set<String> = []
      for intake in intakes {
        for path in try intake.files() where !shouldStop() {
          guard let stamp = FileStamp(path), passed[path] != stamp else { continue }
          present.insert(path)
          if seen[path]?.stamp != stamp { seen[path] = (stamp, .now) }
          guard seen[path]!.since.duration(to: .now) >= .milliseconds(settle) else { continue }
          try take(path, of: intake)
        }
      }
      seen = seen.filter { present.contains($0.key) }
      for _ in 0..<10 where !shouldStop() { Thread.sleep(forTimeInterval: 0.1) }
    }
  }

  /// Takes one file, or sets it aside. Throws what keeps all others from being taken as well.
  private func take(_ path: String, of intake: Intake) throws {
    guard let stamp = FileStamp(path) else { return }
    let finder = FileFinder(kind: options.kind, rules: options.rules)
    if let complaint = finder.complaint(aboutNameOf: path, below: intake.folder) {
      return pass(path, stamp, complaint)
    }
    guard access(path, R_OK) == 0 else { return pass(path, stamp, .system(path, "read")) }
    var parts: [InputFile] = []
    var report = RejectionReport(path: path)
    do {
      parts = try finder.parts(of: path, below: intake.folder)
      for part in parts {
        guard topics[part.kind] != nil else { return pass(path, stamp, withoutTopic(part)) }
        report.surveys.append(
          try FileSurvey(
            part, configuration.definitions, now: now(), shouldStop: shouldStop))
      }
    } catch is FileSurvey.Stop {
      return
    } catch let error as FileError {
      report.error = error
    }
    for survey in report.surveys where survey.faultCount > 0 {
      summary.faults[survey.kind, default: FaultCounts()].add(survey.counts)
    }
    guard FileStamp(path) == stamp else {
      return logger.notice("\(path) is still being written; left for later")
    }
    guard report.error == nil, report.faultShare <= options.brokenShare else {
      return try reject(path, stamp, report, intake)
    }
    try send(path, stamp, parts, report, intake)
  }

  private func withoutTopic(_ part: InputFile) -> FileError {
    FileError(
      "\(part.name) holds \(part.kind.inputName), but the configuration has no topic for them in our own "
        + "form: topics.\(part.kind.inputName) is null, or inputs maps it")
  }

  private func pass(_ path: String, _ stamp: FileStamp, _ error: FileError) {
    passed[path] = stamp
    summary.failed += 1
    logger.error("\(error); left where it is")
  }

  private func reject(
    _ path: String, _ stamp: FileStamp, _ report: RejectionReport, _ intake: Intake
  ) throws {
    summary.rejected += 1
    guard !options.keepsFiles else {
      passed[path] = stamp
      return logger.error("not taken: \(report.summary)")
    }
    let target = try intake.move(path, to: Intake.rejected)
    try report.write(beside: target)
    logger.error("not taken: \(report.summary); set aside as \(target), with a report beside it")
  }

  // MARK: Records

  private func send(
    _ path: String, _ stamp: FileStamp, _ parts: [InputFile], _ report: RejectionReport,
    _ intake: Intake
  ) throws {
    let surveys = report.surveys
    for warning in Set(surveys.compactMap(\.warning)).sorted() { logger.warning("\(warning)") }
    let hash = try ContentHash(ofFile: path)
    var isNew = false
    for (part, survey) in zip(parts, surveys) {
      let key = FileLedger.key(part, hash)
      do {
        switch try send(part, key, survey.recordCount, stamp) {
        case .nothingToDo: break
        case .done: isNew = true
        case .stopped: return
        }
      } catch let error as FileError {
        close()
        return pass(path, stamp, error)
      }
    }
    if isNew { summary.taken += 1 } else { summary.known += 1 }
    let records = surveys.reduce(0) { $0 + $1.recordCount - $1.filteredCount }
    let filtered = surveys.reduce(0) { $0 + $1.filteredCount }
    let what =
      isNew
      ? "taken: \(path), \(records) records" + (filtered > 0 ? ", \(filtered) filtered" : "")
      : "\(path) was taken before (--again takes it once more)"
    guard !options.keepsFiles else {
      passed[path] = stamp
      logger.info("\(what)")
      if report.faultCount > 0 { logger.warning("\(report.summary); they are dead letters") }
      return
    }
    let target: String
    do { target = try intake.move(path, to: Intake.taken) } catch {
      throw FileError("\(error); it is in the topics. --keep leaves files where they are")
    }
    logger.info("\(what); now \(target)")
    guard report.faultCount > 0 else { return }
    try report.write(beside: target, wasTaken: true)
    logger.warning("\(report.summary); they are dead letters, and in a report beside it")
  }

  private enum Outcome { case nothingToDo, done, stopped }

  /// Sends one part, with as many producers as it takes.
  private func send(
    _ part: InputFile, _ key: String, _ recordCount: Int, _ stamp: FileStamp
  ) throws -> Outcome {
    let sender = FileSender(
      file: part, key: key, topic: topics[part.kind]!, timestamps: options.timestamps,
      definitions: configuration.definitions, rate: options.rate,
      transactionSize: options.transactionSize, now: now)
    var trouble = Trouble(
      patience: FileIngest.patience, firstPause: options.firstPause, logger)
    var reached: Int?
    func note(_ sent: Int) {
      summary.records[part.kind, default: 0] += sent - (reached ?? sent)
      reached = sent
    }
    /// How often the file is to be taken once more in all; nil before it is known.
    var wantedAgain: Int?
    while !shouldStop() {
      do {
        var session = try openSession()
        let before = session.ledger[key]
        var start =
          before ?? FileLedger.Entry(file: part.name, done: 0, records: recordCount)
        let isKnown = before?.isComplete ?? false
        let times = before?.again ?? 0
        let wanted =
          wantedAgain ?? (isKnown && options.takesAgain && recordCount > 0 ? times + 1 : times)
        wantedAgain = wanted
        if isKnown {
          guard times < wanted else { return trouble.hasBeen ? .done : .nothingToDo }
          start = FileLedger.Entry(file: part.name, done: 0, records: recordCount, again: wanted)
        }
        guard start.records == recordCount else {
          throw FileError(
            "\(part.name): \(start.done) of \(start.records) records are in the topic, but as inputs "
              + "describes it now it has \(recordCount); describe it as before until all are there")
        }
        note(start.sent)
        defer { self.session?.ledger = session.ledger }
        let isDone = try sender.send(
          from: start, &session.ledger, session.producer,
          isUnchanged: { FileStamp(part.path) == stamp }, shouldStop: shouldStop,
          onCommit: { entry in
            note(entry.sent)
            trouble.isOver()
            onProgress(entry.done, recordCount)
          })
        return isDone ? .done : .stopped
      } catch let error as FileError {
        throw error
      } catch {
        close()
        try trouble.meet(error, shouldStop)
      }
    }
    return .stopped
  }

  private func openSession() throws -> Session {
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
