import Attribution
import Configuration
import Foundation
import Kafka
import Logging
import Pipeline

/// Runs the engine over files, without a broker: from records to rollups and attributions on disk.
///
/// Both stages' real workers take turns on the calling thread. Memory does not grow with the files: the
/// engine holds what it holds on a stream, and results lie in a database beside the output.
public struct FileAttribution {
  /// What became of the records.
  public struct Summary: Sendable {
    public var counts: [EventKind: InputCounts] = [:]
    public var rejected = RejectedRecords()
    /// Records that are for no entry of `inputs`.
    public var filtered: [EventKind: Int] = [:]
    /// What the owner of the files should know about them.
    public var warnings: [String] = []
    /// Kinds of whose records more than the allowed share cannot be used: then nothing is written.
    public var brokenKinds: [EventKind] = []
    public var rollups = 0
    public var attributions = 0
    public var seconds = 0.0
  }

  /// The run was told to stop, and nothing was written.
  public struct Stopped: Error {}

  private var configuration: Configuration
  private let files: [EventKind: [InputFile]]
  /// The share of a kind's records that may be unusable, 0 to 1. With more of them something is wrong with
  /// the files or with what is said about them, and nothing is written.
  public var brokenShare = 0.2
  private let output: String
  private let attributions: String?

  /// - Parameters:
  ///   - files: those of one kind may overlap in event time; they are merged by it.
  ///   - output: where the rollups go: `.csv`, `.jsonl` or `.sqlite`.
  ///   - attributions: where the attributions go: `.csv` or `.jsonl`; nil for nowhere. A SQLite output
  ///     has them anyway.
  public init(
    _ configuration: Configuration, files: [InputFile], output: String, attributions: String?
  ) {
    self.configuration = configuration
    // Nothing was counted before that a backfill could add to.
    self.configuration.definitions = configuration.definitions.fromTheBeginning
    // Every file becomes records in our own form.
    self.configuration.inputs = nil
    self.files = Dictionary(grouping: files, by: \.kind)
    self.output = output
    self.attributions = attributions
  }

  /// The bytes of all files, as they lie on the disk.
  public var byteCount: Int64 {
    Set(files.values.joined().filter { $0.format != .sqlite }.map(\.path)).reduce(0) { sum, path in
      var information = stat()
      return stat(path, &information) == 0 ? sum + Int64(information.st_size) : sum
    }
  }

  /// Reads all files and writes the results; those are there in full or not at all. They are not there if the
  /// summary names kinds that are broken.
  ///
  /// Throws `FileError` when a file cannot be read to its end or a result not be written, `Stopped`
  /// when `shouldStop` said so, and `OperatorError` when the state outgrows its limit.
  ///
  /// - Parameters:
  ///   - now: events later than that by more than `max_future_skew` are dead letters, as they would be
  ///     in a topic that they are written to now.
  ///   - onProgress: told how many bytes of the files have been read.
  public func run(
    now: Milliseconds = Milliseconds(Date().timeIntervalSince1970 * 1_000),
    shouldStop: () -> Bool = { false }, onProgress: (Int64) -> Void = { _ in }
  ) throws -> Summary {
    guard let format = ResultFormat(path: output) else {
      throw FileError("\(output) must end in .csv, .jsonl or .sqlite")
    }
    for result in [output] + (attributions.map { [$0] } ?? []) { try checkPlace(of: result) }
    let began = ContinuousClock.now
    let store = try ResultStore("\(output).\(getpid()).work", configuration.definitions)
    let log = try FileLog(
      configuration, files: files, store: store,
      keepsAttributions: attributions != nil || format == .sqlite, timestamp: now)
    var summary = Summary()
    summary.counts = try process(log, now, shouldStop, onProgress)
    summary.rejected = log.rejected
    summary.filtered = log.filteredCounts.filter { $0.value > 0 }
    summary.warnings = log.warnings
    summary.brokenKinds = EventKind.allCases.filter { kind in
      guard let counts = summary.counts[kind], counts.records > 0 else { return false }
      return Double(counts.deadLetters) / Double(counts.records) > brokenShare
    }
    guard summary.brokenKinds.isEmpty else {
      summary.seconds = began.duration(to: .now) / .seconds(1)
      return summary
    }
    let writer = ResultWriter(definitions: configuration.definitions, store: store)
    if let attributions {
      summary.attributions = try writer.writeAttributions(
        to: attributions, ResultFormat(path: attributions) ?? .jsonl)
    }
    summary.rollups = try writer.writeRollups(to: output, format)
    summary.seconds = began.duration(to: .now) / .seconds(1)
    return summary
  }

  /// Finds out before the work is done whether a result can be written, and would not replace an input.
  private func checkPlace(of result: String) throws {
    let folder = FileFinder.parent(result)
    guard access(folder.isEmpty ? (result.hasPrefix("/") ? "/" : ".") : folder, W_OK) == 0 else {
      throw FileError.system(result, "written")
    }
    var existing = stat()
    guard stat(result, &existing) == 0 else { return }
    for file in files.values.joined() {
      var input = stat()
      guard stat(file.path, &input) == 0 else { continue }
      if input.st_dev == existing.st_dev, input.st_ino == existing.st_ino {
        throw FileError("\(result) is one of the files to read; write to another")
      }
    }
  }

  /// Drives the workers to the end of the files.
  private func process(
    _ log: FileLog, _ now: Milliseconds, _ shouldStop: () -> Bool, _ onProgress: (Int64) -> Void
  ) throws -> [EventKind: InputCounts] {
    let logger = Logger(label: "files", factory: { _ in SwiftLogNoOpLogHandler() })
    // The clock stands still: a transaction ends when it has enough rows, whatever the hour.
    let clock = ProcessClock.standing(at: now)
    let context = ProcessContext(clock: clock, memory: MemoryLimit(configuration))
    let attribution = try AttributionWorker(
      configuration: configuration, plan: log.plan, log: log, index: 0, stopsAtEnd: true,
      logger: logger, process: context)
    let rollups = try RollupWorker(
      configuration: configuration, plan: log.plan, log: log, index: 0, logger: logger,
      process: context)
    defer {
      attribution.close()
      rollups.close()
    }
    try attribution.start()
    try rollups.start()
    while !attribution.isFinished {
      guard !shouldStop() else { throw Stopped() }
      try attribution.step()
      try rollups.step()
      onProgress(log.consumed)
    }
    rollups.finish()
    while !rollups.isFinished { try rollups.step() }
    return Dictionary(
      uniqueKeysWithValues: attribution.counts.compactMap { topic, counts in
        log.kind(ofTopic: topic).map { ($0, counts) }
      })
  }
}
