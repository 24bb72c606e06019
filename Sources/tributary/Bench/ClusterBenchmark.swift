import Benchmarks
import BrokerKit
import Configuration
import Foundation
import Logging

/// The figures that need a broker: the processor from topics to topics, beside bare consumers of the
/// same records; restores; latency. Everything measured is a process of its own.
struct ClusterBenchmark {
  /// Records that lie ready in topics, and the processors and consumers that read them.
  struct Load {
    var name: String
    var partitions = 4
    var options: Workload.Options
    /// Processors to measure, by their number of workers.
    var workers = [2]
    /// Whether the other readers are measured as well: the one that counts, and the restore.
    var isMain = false
  }

  let options: GlobalOptions
  let settings: Configuration
  let logger: Logger
  /// Records per load.
  let records: Int
  /// Returns when the broker has nothing to do of its own.
  let waitForRest: () -> Void
  /// Told what is going on.
  let progress: (String) -> Void

  /// Threads of the consumers, and workers of the processors unless a line says otherwise.
  private static let threads = 2

  // MARK: Throughput

  /// Fills topics, has them read by everybody in turn, and deletes them.
  func measure(_ load: Load) throws -> [ClusterFigures.Line] {
    let topics = BenchmarkTopics(
      settings, name: LocalBroker.uniqueName("tributary-bench"), logger: logger)
    try topics.create(partitions: load.partitions)
    defer { try? topics.delete(inputs: true) }
    progress("\(load.name): writing \(records) records to \(load.partitions) partitions")
    try topics.fill(load.options, count: records)

    var lines: [ClusterFigures.Line] = []
    if load.isMain {
      lines.append(
        try read(load, topics, "librdkafka, counting", ["bench-part", "count"]))
    }
    let baseline = try read(
      load, topics, "librdkafka and our decoder", ["bench-part", "decode"])
    lines.append(baseline)
    for workers in load.workers {
      let run = topics.another("\(workers)")
      try run.create(partitions: load.partitions)
      defer { try? run.delete(inputs: false) }
      lines.append(try process(load, run, workers: workers))
      if load.isMain && workers == load.workers.first { lines.append(try restore(load, run)) }
    }
    if load.isMain, let workers = load.workers.first {
      let run = topics.reKeyed("rekeyed", partitions: load.partitions)
      try run.create(partitions: load.partitions)
      defer { try? run.delete(inputs: false) }
      var line = try process(load, run, workers: workers, ", re-keyed")
      let plain = lines.first { $0.name.hasPrefix("tributary, \(workers) worker") }
      line.addedCPUSecondsPerMillion = plain.map {
        line.cpuSecondsPerMillion - $0.cpuSecondsPerMillion
      }
      lines.append(line)
    }
    for index in lines.indices where !lines[index].isRestore {
      lines[index].ratio = lines[index].eventsPerSecond / baseline.eventsPerSecond
    }
    return lines
  }

  private func read(
    _ load: Load, _ topics: BenchmarkTopics, _ name: String, _ arguments: [String]
  ) throws -> ClusterFigures.Line {
    progress("\(load.name): \(name)")
    let process = try start(arguments + ["--threads", "\(ClusterBenchmark.threads)"], topics)
    let (output, cpu) = try process.finish()
    let report = try part(output)
    guard report.events == records else {
      throw Failure("the consumer found \(report.events) of \(records) records")
    }
    return ClusterFigures.Line(load: load.name, name: name, report, cpuSeconds: cpu)
  }

  private func process(
    _ load: Load, _ topics: BenchmarkTopics, workers: Int, _ remark: String = ""
  ) throws -> ClusterFigures.Line {
    let name = "tributary, \(workers) worker\(workers == 1 ? "" : "s")\(remark)"
    progress("\(load.name): \(name)")
    let process = try start(
      ["run", "--exit-at-end", "--json"], topics, ["TRIBUTARY_WORKERS": "\(workers)"])
    let (output, cpu) = try process.finish()
    let report = try summary(output)
    guard report.events == records else {
      throw Failure("the processor has processed \(report.events) of \(records) records")
    }
    return ClusterFigures.Line(load: load.name, name: name, report, cpuSeconds: cpu)
  }

  private func restore(
    _ load: Load, _ topics: BenchmarkTopics
  ) throws -> ClusterFigures.Line {
    progress("\(load.name): restore")
    let (output, cpu) = try start(["bench-part", "restore"], topics).finish()
    var line = ClusterFigures.Line(
      load: load.name, name: "restore, 1 thread, entries", try part(output), cpuSeconds: cpu)
    line.isRestore = true
    return line
  }

  // MARK: Latency

  /// Traffic at a fixed rate through a processor that commits twice a second.
  func latency(rate: Int, seconds: Double) throws -> LatencyRun.Result {
    let topics = BenchmarkTopics(
      settings, name: LocalBroker.uniqueName("tributary-bench"), logger: logger)
    try topics.create(partitions: 4)
    defer { try? topics.delete(inputs: true) }
    progress("latency: \(rate) records per second for \(Int(seconds)) s")
    let process = try start(["run"], topics, ["TRIBUTARY_COMMIT_INTERVAL": "500ms"])
    let result = Result {
      try LatencyRun(topics.configuration, logger: logger)
        .run(rate: rate, warmUp: 10, seconds: seconds)
    }
    process.interrupt()
    _ = try process.finish()
    return try result.get()
  }

  // MARK: Processes

  private func start(
    _ arguments: [String], _ topics: BenchmarkTopics, _ environment: [String: String] = [:]
  ) throws -> MeasuredProcess {
    waitForRest()
    var arguments =
      arguments + [
        "--log-level", options.logLevel == .info ? "warning" : options.logLevel.rawValue,
      ]
    if let config = options.config { arguments += ["-c", config] }
    for property in options.kafka { arguments += ["-X", property] }
    return try MeasuredProcess(
      arguments, environment: topics.environment.merging(environment) { $1 })
  }

  private func part(_ output: Data) throws -> BenchPartCommand.Report {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(BenchPartCommand.Report.self, from: output)
  }

  /// What `run --json` says.
  private func summary(_ output: Data) throws -> BenchPartCommand.Report {
    struct Summary: Decodable {
      var seconds: Double
      var peakResidentBytes: Int
    }
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let summary = try decoder.decode(Summary.self, from: output)
    // Its inputs go by their names, whatever those are.
    let entries = try JSONSerialization.jsonObject(with: output) as? [String: Any] ?? [:]
    let records = entries.values.reduce(0) { sum, entry in
      sum + ((entry as? [String: Any])?["records"] as? Int ?? 0)
    }
    return BenchPartCommand.Report(
      events: records, seconds: summary.seconds, peakResidentBytes: summary.peakResidentBytes)
  }
}
