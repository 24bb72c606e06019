import ArgumentParser
import Attribution
import Configuration
import Pipeline

struct SizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "size",
    abstract: "Estimate memory, cores, partitions, instances and disk for a load.",
    discussion: """
      Horizon, lookbacks and views are those of the configuration; --lookback takes the place of both lookbacks. The \
      figures behind the formulas were measured by `tributary bench`; docs/operating/sizing.md lists them. Asks no broker.
      """)

  @OptionGroup var options: GlobalOptions

  @Option(help: "Records of all inputs a day, as in 2e9.")
  var eventsPerDay: Double

  @Option(help: "How long before a conversion a touch can earn credit, as in 7d.")
  var lookback: String?

  @Option(help: "Distinct users with a touch that is remembered; default: a user per touch.")
  var users: Double?

  @Option(help: "Fraction of the records that can earn credit: of clicks, where only they can.")
  var touchShare = 0.9

  @Option(help: "Rate of the busiest hour, by the average's.")
  var peak = 3.0

  @Option(help: "Bytes of a record.")
  var eventBytes = 180.0

  @Option(help: "How long the inputs keep their records.")
  var retention = "7d"

  @Option(help: "Copies of each partition.")
  var replicas = 3

  @Option(help: "Distinct values of a view's dimensions in one window.")
  var rollupsPerWindow = 1_000.0

  @Option(help: "Memory of an instance, in GiB.")
  var instanceMemory = 16.0

  @Option(help: "Cores of an instance.")
  var instanceCores = 4.0

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    for (name, value) in [
      ("events-per-day", eventsPerDay), ("peak", peak), ("event-bytes", eventBytes),
      ("instance-cores", instanceCores), ("rollups-per-window", rollupsPerWindow),
    ] where !(value > 0 && value <= 1e15) {
      throw ValidationError("--\(name) must be more than 0.")
    }
    if !(0...1).contains(touchShare) {
      throw ValidationError("--touch-share is a fraction from 0 to 1.")
    }
    if let users, !(users > 0) { throw ValidationError("--users must be more than 0.") }
    if !(instanceMemory >= 1 && instanceMemory <= 1e6) {
      throw ValidationError("--instance-memory is at least 1 GiB.")
    }
    if !(1...100).contains(replicas) { throw ValidationError("--replicas is at least 1.") }
    for (name, text) in [("lookback", lookback), ("retention", retention)] {
      guard let text else { continue }
      _ = try duration(name, text)
    }
  }

  private func duration(_ name: String, _ text: String) throws -> Milliseconds {
    guard let length = try? DurationText.parse(text), length > 0 else {
      throw ValidationError("--\(name) \(text) is no duration such as 7d.")
    }
    return length
  }

  func run() throws {
    var definitions = try options.load().definitions
    if let lookback {
      definitions.lookback = try duration("lookback", lookback)
      definitions.impressionLookback = definitions.lookback
    }
    var load = Sizing.Load(eventsPerDay: eventsPerDay)
    load.touchShare = touchShare
    load.users = users
    load.peak = peak
    load.eventBytes = eventBytes
    load.retention = try duration("retention", retention)
    load.replicas = replicas
    load.rollupsPerWindow = rollupsPerWindow
    var instance = Sizing.Instance()
    instance.memory = instanceMemory * 1_073_741_824
    instance.cores = instanceCores
    let printout = SizePrintout(Sizing(load, definitions, on: instance))
    try StandardOutput.print(json ? printout.json : printout.text)
  }
}
