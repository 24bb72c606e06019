import ArgumentParser
import Attribution
import Cluster
import Configuration
import Files
import Foundation

struct IngestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ingest",
    abstract: "Take files into the input topics, each once and whole.",
    discussion: """
      What a file holds, and under which names, is said by the entries of `inputs` that have `files`; \
      otherwise its name or its folder's says it: impressions*, clicks*, conversions*, costs*; in a SQLite \
      file the names of its tables. The topics get records in our own form, whatever a file's is. Every record is checked first. A file of which \
      more than a fifth cannot be used (--allow-broken), or that cannot be read to its end, is moved \
      to rejected/ in its folder, with a report of line numbers and reasons beside it. One that is in the \
      topics is moved to taken/; a few records that cannot be used become dead letters and are in a \
      report there.

      How far a file has been taken is written in the same transactions as its records, to the topic \
      <application_id>-files: however often the process dies, every record comes once. The same content \
      under another name is the same file; --again takes it once more, as after a change of \
      `inputs`. Of two that run for one application_id, the second takes over \
      and the first stops.

      With --watch folders are looked at each second, until SIGTERM. Names that begin with a dot or end \
      in .tmp or .part are left alone: write files under such a name, and rename them when they are \
      complete.

      Records carry the time at which they are sent, so that a clock that is ahead shows (max_future_skew). \
      For history, --timestamps event has them carry their event time, as if they had come then.
      """)

  @OptionGroup var options: GlobalOptions
  @OptionGroup var files: FileOptions

  @Flag(help: "Go on and take what comes into the folders later.")
  var watch = false

  @Option(help: "With --watch: for how long a file must not have changed, as a duration.")
  var settle = "2s"

  @Option(help: "Records per second; 0 is as fast as possible.")
  var rate = 0

  @Option(
    help: "The timestamp that records carry: now or event; not where the topic has LogAppendTime.")
  var timestamps = FileIngest.Timestamps.now

  @Flag(help: "Leave files where they are.")
  var keep = false

  @Flag(help: "Take files once more whose content has been taken before.")
  var again = false

  @Flag(help: "Print the summary as JSON.")
  var json = false

  func validate() throws {
    if rate < 0 { throw ValidationError("--rate must not be negative.") }
    do { _ = try DurationText.parse(settle) } catch {
      throw ValidationError("--settle: \(error)")
    }
  }

  func run() throws {
    let settings = try options.load()
    let logger = options.makeLogger()
    for path in files.paths where access(path, F_OK) != 0 {
      throw Failure("there is no \(path)")
    }
    if watch, let file = files.paths.first(where: { !FileFinder.isFolder(at: $0) }) {
      throw Failure("--watch is for folders, and \(file) is none")
    }
    let ingestOptions = try ingestOptions(settings)
    let plan = try Preflight(settings, logger: logger).plan()
    try FileIngest.prepare(settings, logger: logger)
    let stop = StopFlag()
    let signals = StopSignals { stop.raise() }
    let progress = FileProgress()
    let began = ContinuousClock.now
    let ingest = FileIngest(
      settings, ingestOptions, log: KafkaLog(settings, plan: plan, logger: logger),
      logger: logger, shouldStop: { stop.isRaised }, onProgress: progress.show)
    defer { ingest.close() }
    try withExtendedLifetime(signals) {
      defer { progress.end() }
      try ingest.start()
      if watch {
        try ingest.watch(files.paths, settle: try DurationText.parse(settle))
      } else {
        try ingest.take(files.paths)
      }
    }
    try report(ingest.summary, seconds: began.duration(to: .now) / .seconds(1))
    let left = ingest.summary.rejected + ingest.summary.failed
    if !watch, left > 0 { throw Failure("\(left) file\(left == 1 ? " was" : "s were") not taken") }
  }

  private func ingestOptions(_ settings: Configuration) throws -> FileIngest.Options {
    var ingest = FileIngest.Options()
    ingest.kind = files.eventKind
    ingest.rules = try files.rules(settings)
    ingest.timestamps = timestamps
    ingest.rate = rate > 0 ? rate : nil
    ingest.keepsFiles = keep
    ingest.takesAgain = again
    ingest.brokenShare = files.allowBroken
    return ingest
  }

  private func report(_ summary: FileIngest.Summary, seconds: Double) throws {
    let counts = EventKind.allCases.compactMap { kind in
      summary.records[kind].map { (kind.inputName, $0) }
    }
    if json {
      let records = counts.map { "\"\($0)\":\($1)" }.joined(separator: ",")
      try StandardOutput.print(
        """
        {"taken":\(summary.taken),"known":\(summary.known),"rejected":\(summary.rejected),\
        "failed":\(summary.failed),"records":{\(records)},\
        "unusable":{\(FaultPrintout(summary.faults).json)},\
        "seconds":\(String(format: "%.3f", seconds))}
        """)
      return
    }
    let files = [
      (summary.taken, "taken"), (summary.known, "taken before"), (summary.rejected, "rejected"),
      (summary.failed, "left"),
    ].filter { $0.0 > 0 }.map { "\($0) \($1)" }
    let records = counts.map { "\($1) \($0)" }
    let faults = FaultPrintout(summary.faults).lines
    if !faults.isEmpty { try StandardOutput.print(faults.joined(separator: "\n")) }
    try StandardOutput.print(
      "files: \(files.isEmpty ? "none" : files.joined(separator: ", ")); records sent: "
        + "\(records.isEmpty ? "none" : records.joined(separator: ", ")); "
        + String(format: "%.1f s", seconds))
  }
}

extension FileIngest.Timestamps: ExpressibleByArgument {}

/// A progress bar for each file in turn.
private final class FileProgress {
  private var bar: (bar: ProgressBar, total: Int)?

  func show(_ done: Int, _ total: Int) {
    if bar?.total != total { bar = (ProgressBar(total: total, unit: "records"), total) }
    bar?.bar.show(done)
  }

  func end() { bar?.bar.end() }
}
