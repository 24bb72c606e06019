import ArgumentParser
import Benchmarks
import Configuration
import Foundation
import Service

/// What `bench` runs as processes of their own, so that time and memory are those of one thing only.
struct BenchPartCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench-part", abstract: "One reader of `bench`, in a process of its own.",
    shouldDisplay: false)

  enum Part: String, ExpressibleByArgument, CaseIterable {
    /// Counts the records of the inputs.
    case count
    /// Decodes them as well.
    case decode
    /// Reads a processor's state back.
    case restore
  }

  /// What a part says of itself, as one line of JSON.
  struct Report: Codable {
    /// Records read, or entries restored.
    var events: Int
    var seconds: Double
    var peakResidentBytes: Int
    /// Of a restored state.
    var bytesPerId: Double?
    var bytesPerTouch: Double?
  }

  @OptionGroup var options: GlobalOptions

  @Argument(help: "What to do.")
  var part: Part

  @Option(help: "Threads.")
  var threads = 2

  func run() throws {
    let settings = try options.load()
    let logger = options.makeLogger()
    let began = ContinuousClock.now
    var report = Report(events: 0, seconds: 0, peakResidentBytes: 0)
    switch part {
    case .count, .decode:
      report.events = try Baseline(settings, decodes: part == .decode, logger: logger)
        .run(threads: threads)
      report.seconds = began.duration(to: .now) / .seconds(1)
    case .restore:
      limitIdleMemory(workers: settings.workers)
      let result = try BrokerRestore.run(settings, logger: logger)
      report.events = result.entries
      report.seconds = result.seconds
      report.bytesPerId = result.state.bytesPerIdentity
      report.bytesPerTouch = result.state.bytesPerRecord
    }
    report.peakResidentBytes = ProcessMemory.peakResidentBytes
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    try StandardOutput.print(String(decoding: try encoder.encode(report), as: UTF8.self))
  }
}
