import ArgumentParser
import BrokerKit
import Foundation

/// Faults against real processes and a real broker, for minutes or hours; see docs/ARCHITECTURE.md.
@main
struct Soak: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Put the processor through faults under steady traffic, then check every number.",
    discussion: """
      Runs `tributary generate` and up to four instances of `tributary run`, and every few seconds \
      kills, stops or adds one, or restarts the broker. A reader of the published topics runs all \
      along. At the end every instance must leave within 10 s of SIGTERM, what is left is processed, \
      and `tributary verify` must find no difference. Exit code 0: all of that holds.
      """)

  @Option(help: "How long faults go on.")
  var minutes = 5.0

  @Option(
    help: ArgumentHelp(
      "A cluster to use instead of a local broker. It gets topics and groups of its own, which are "
        + "removed after success.", valueName: "host:port"))
  var bootstrap: String?

  @Option(help: "How many brokers the cluster has, for --broker-kill and --broker-start.")
  var brokers = 1

  @Option(
    help: ArgumentHelp(
      "How to kill a broker of --bootstrap: a shell command with {n} for its number, from 1.",
      valueName: "command"))
  var brokerKill: String?

  @Option(
    help: ArgumentHelp(
      "How to start it again; the command comes back when it is up. Several may run at once.",
      valueName: "command"))
  var brokerStart: String?

  @Option(help: "Seed of traffic and faults; default: a random one.")
  var seed: UInt64?

  @Option(help: "Events per second.")
  var rate = 500

  func validate() throws {
    if minutes <= 0 { throw ValidationError("--minutes must be positive.") }
    if brokers < 1 { throw ValidationError("--brokers must be at least 1.") }
    if (brokerKill == nil) != (brokerStart == nil) || brokerKill != nil && bootstrap == nil {
      throw ValidationError("--broker-kill, --broker-start and --bootstrap belong together.")
    }
    if rate < 1 { throw ValidationError("--rate must be at least 1.") }
  }

  func run() throws {
    let broker = bootstrap == nil ? try LocalBroker() : nil
    defer { broker?.stopAndWait() }
    let brokers =
      if let broker {
        Brokers.local(broker)
      } else if let brokerKill, let brokerStart {
        Brokers.commanded(
          BrokerCommands(count: brokers, killCommand: brokerKill, startCommand: brokerStart))
      } else {
        Brokers.foreign
      }
    let seed = seed ?? .random(in: 0..<1_000_000)
    let journal = Journal()
    let cluster = try SoakCluster(
      bootstrap: bootstrap ?? broker!.bootstrapServers, isLocal: broker != nil)
    journal.say(
      "seed \(seed), \(minutes) min, \(rate) events/s, broker \(cluster.bootstrap), logs in "
        + cluster.logs.path)
    for fault in Fault.allCases {
      if let reason = fault.reasonToLeaveOut(brokers) {
        journal.say("left out: \(fault.rawValue): \(reason)")
      }
    }
    let run = try SoakRun(
      cluster, brokers: brokers, seed: seed, rate: rate, journal: journal)
    defer { run.killAll() }
    let interruption = Interruption()
    do {
      try withExtendedLifetime(interruption) {
        try run.run(minutes: minutes) { interruption.hasCome }
      }
      try cluster.remove()
      journal.say("passed")
    } catch {
      journal.say("FAILED (seed \(seed)): \(error)")
      journal.say("logs are in \(cluster.logs.path)")
      throw ExitCode(1)
    }
  }
}

/// What must not happen, happened.
struct Violation: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// Prints lines with the time since the start.
final class Journal {
  private let began = ContinuousClock.now

  func say(_ text: String) {
    let seconds = began.duration(to: .now) / .seconds(1)
    let time = String(
      format: "%02d:%04.1f", Int(seconds) / 60, seconds - Double(Int(seconds) / 60 * 60))
    try? FileHandle.standardOutput.write(contentsOf: Data("\(time)  \(text)\n".utf8))
  }
}

/// Notices SIGINT and SIGTERM, so that no child outlives the soak.
///
/// `@unchecked Sendable`: the flag is touched on the queue only.
final class Interruption: @unchecked Sendable {
  private let queue = DispatchQueue(label: "interruption")
  private var sources: [any DispatchSourceSignal] = []
  private var flag = false

  init() {
    for number in [SIGINT, SIGTERM] {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler { [unowned self] in flag = true }
      source.resume()
      sources.append(source)
    }
  }

  var hasCome: Bool { queue.sync { flag } }
}
