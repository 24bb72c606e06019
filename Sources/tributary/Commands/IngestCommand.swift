import ArgumentParser
import Attribution
import Cluster
import Codec
import Configuration
import Files
import Foundation
import Logging
import ObjectStore
import Service

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

      s3://bucket/prefix in place of a file takes the objects whose keys begin so. --queue takes the \
      objects that an SQS queue's notifications name, as they come, and deletes each message when its \
      objects are in the topics. The ledger knows an object by bucket, key and version or ETag. What \
      cannot be used stays where it is: its message is left to the queue's dead-letter rule, and \
      --rejected says where reports go. Credentials are found as by AWS' own tools: environment, web \
      identity, profile, container. More in docs/guides/files.md.

      With --watch folders are looked at each second, until SIGTERM. Names that begin with a dot or end \
      in .tmp or .part are left alone: write files under such a name, and rename them when they are \
      complete.

      Records carry the time at which they are sent, so that a clock that is ahead shows (max_future_skew). \
      For history, --timestamps event has them carry their event time, as if they had come then.
      """)

  @OptionGroup var options: GlobalOptions
  @OptionGroup var files: FileOptions
  @OptionGroup(title: "Object store") var store: StoreOptions

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

  @Option(
    help: ArgumentHelp(
      "Serve /livez, /readyz, /statusz and /metrics at HOST:PORT, or at a port of this machine only.",
      valueName: "host:port"))
  var http: String?

  @OptionGroup var listening: HTTPOptions

  @Flag(help: "Print the summary as JSON.")
  var json = false

  func validate() throws {
    try validateSource()
    if let http, HTTPOptions.address(http) == nil {
      throw ValidationError("--http takes HOST:PORT or PORT, as in 0.0.0.0:9090, not \(http).")
    }
    if rate < 0 { throw ValidationError("--rate must not be negative.") }
    do { _ = try DurationText.parse(settle) } catch {
      throw ValidationError("--settle: \(error)")
    }
  }

  /// Files, objects, or a queue: one of them.
  private func validateSource() throws {
    let objects = files.paths.filter { ObjectPrefix.isMeant(by: $0) }
    for url in objects where ObjectPrefix(url) == nil {
      throw ValidationError("\(url): objects are named as in s3://BUCKET/PREFIX.")
    }
    if store.queue != nil {
      if !files.paths.isEmpty { throw ValidationError("--queue takes no files beside it.") }
      if again || keep || watch {
        throw ValidationError("--again, --keep and --watch are for files, not for --queue.")
      }
    } else {
      try files.requirePaths()
      if !objects.isEmpty, objects.count < files.paths.count {
        throw ValidationError("take files and objects one after the other, in two runs.")
      }
      if !objects.isEmpty, watch {
        throw ValidationError("--watch is for folders; --queue takes objects as they come.")
      }
      if store.exitAtEnd { throw ValidationError("--exit-at-end is for --queue.") }
    }
    if store.rejected != nil, store.queue == nil, objects.isEmpty {
      throw ValidationError("--rejected is for objects; a folder has its own rejected/.")
    }
  }

  /// The objects to take; none for files or a queue.
  private var prefixes: [ObjectPrefix] { files.paths.compactMap { ObjectPrefix($0) } }

  func run() throws {
    let server = try server()
    let settings = try options.load()
    let logger = options.makeLogger()
    if store.queue == nil, prefixes.isEmpty { try checkPaths() }
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
    let service = try service(ingest, server, logger)
    defer { service?.stop() }
    var messages = 0
    try withExtendedLifetime(signals) {
      defer { progress.end() }
      try ingest.start()
      messages = try take(ingest, stop, logger)
    }
    try report(ingest.summary, seconds: began.duration(to: .now) / .seconds(1))
    let left = ingest.summary.rejected + ingest.summary.failed
    guard !watch, store.queue == nil || store.exitAtEnd else { return }
    if left > 0 { throw Failure("\(left) file\(left == 1 ? " was" : "s were") not taken") }
    if messages > 0 {
      throw Failure("\(messages) message\(messages == 1 ? " was" : "s were") left in the queue")
    }
  }

  /// Takes what was asked for; returns how many messages were left.
  private func take(_ ingest: FileIngest, _ stop: StopFlag, _ logger: Logger) throws -> Int {
    let objects = ObjectIngest(
      ingest, store.options, environment: ProcessInfo.processInfo.environment, logger: logger,
      shouldStop: { stop.isRaised })
    if let queue = store.queue.flatMap({ QueueAddress($0) }) {
      try objects.take(from: queue)
    } else if !prefixes.isEmpty {
      try objects.take(prefixes)
    } else if watch {
      try ingest.watch(files.paths, settle: try DurationText.parse(settle))
    } else {
      try ingest.take(files.paths)
    }
    return objects.leftMessages
  }

  private func checkPaths() throws {
    for path in files.paths where access(path, F_OK) != 0 {
      throw Failure("there is no \(path)")
    }
    if watch, let file = files.paths.first(where: { !FileFinder.isFolder(at: $0) }) {
      throw Failure("--watch is for folders, and \(file) is none")
    }
  }

  /// Where health and metrics are to be served; nil for nowhere.
  private func server() throws -> HTTPServer.Settings? {
    try http.flatMap(HTTPOptions.address).map {
      try listening.settings(host: $0.host, port: $0.port)
    }
  }

  /// What serves health and metrics, where asked for.
  private func service(
    _ ingest: FileIngest, _ server: HTTPServer.Settings?, _ logger: Logger
  ) throws -> IngestService? {
    guard let server else { return nil }
    return try IngestService(server, ingest.monitor, logger: logger)
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
      let text = JSONWriter.object { writer in
        writer.field("taken", summary.taken)
        writer.field("known", summary.known)
        writer.field("rejected", summary.rejected)
        writer.field("failed", summary.failed)
        writer.object("records") { writer in
          for (name, count) in counts { writer.field(name, count) }
        }
        writer.key("unusable")
        FaultPrintout(summary.faults).write(to: &writer)
        writer.field("seconds", seconds: seconds)
      }
      return try StandardOutput.print(text)
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
