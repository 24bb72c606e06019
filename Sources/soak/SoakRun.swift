import BrokerKit
import Foundation
import Traffic

/// One soak from the first event to the verdict.
final class SoakRun {
  private static let names = ["one", "two", "three", "four"]
  /// Contract: SIGTERM finishes the open transaction and leaves within this.
  private static let shutdownSeconds = 10.0
  /// For all instances to read what is left, and for the others once one has.
  private static let endSeconds = 600.0
  private static let patienceSeconds = 60.0

  private let cluster: SoakCluster
  private let brokers: Brokers
  private let journal: Journal
  private let traffic: Child
  private let verify: Child
  private let downstream: Downstream
  private let seed: UInt64
  private let rate: Int
  private var random: SeededRandom
  /// Every instance that was ever started. On the local broker, which expels no member, each has to
  /// come back.
  private var instances: [Child] = []
  private var counts: [Fault: Int] = [:]
  private var slowestShutdown = 0.0

  init(
    _ cluster: SoakCluster, brokers: Brokers, seed: UInt64, rate: Int, journal: Journal
  ) throws {
    self.cluster = cluster
    self.brokers = brokers
    self.seed = seed
    self.rate = rate
    self.journal = journal
    random = SeededRandom(seed: seed)
    traffic = Child("traffic", cluster)
    verify = Child("verify", cluster)
    downstream = try Downstream(cluster)
  }

  /// - Parameter isOver: ends the faults early, as a failure.
  func run(minutes: Double, isOver: () -> Bool) throws {
    try traffic.start(
      "generate", "--profile", "dense", "--rate", "\(rate)", "--events", "\(Int.max / 2)", "--seed",
      "\(seed)",
      "--duplicates", "0.05", "--disorder", "1s", "--late", "0.03", "--malformed", "0.002",
      "--users", "20000", "--costs")
    try join()
    try join()
    let end = ContinuousClock.now + .seconds(minutes * 60)
    while true {
      let pause = ContinuousClock.now + .milliseconds(2_000 + random.below(4_000))
      while ContinuousClock.now < min(pause, end) {
        if isOver() { throw Violation("interrupted") }
        try check()
        usleep(100_000)
      }
      if ContinuousClock.now >= end { break }
      try bring(nextFault())
    }
    try finish()
  }

  func killAll() {
    for child in instances + [traffic, verify] { child.end() }
    downstream.stop()
  }

  /// What must hold at every moment between faults.
  private func check() throws {
    for child in instances + [traffic] where !child.isRunning {
      throw Violation("\(child.name) ended by itself; see \(child.log.path)")
    }
    try downstream.check()
  }

  // MARK: Faults

  private func nextFault() -> Fault {
    let possible = Fault.allCases.filter { fault in
      fault.reasonToLeaveOut(brokers) == nil
        && (fault != .join || instances.count < SoakRun.names.count)
    }
    return possible[Int(random.below(Int64(possible.count)))]
  }

  private func bring(_ fault: Fault) throws {
    counts[fault, default: 0] += 1
    switch fault {
    case .kill: try kill()
    case .restart: try restart()
    case .join: try join()
    case .zombie: try makeZombie()
    case .powerCut: try cutPower()
    case .brokerOutage: try endBrokers()
    case .brokerKill: try killBroker()
    }
  }

  private func join() throws {
    let instance = Child(SoakRun.names[instances.count], cluster)
    try instance.start("run")
    instances.append(instance)
    journal.say("\(instance.name) joins")
  }

  /// One or two at once.
  private func kill() throws {
    let victims = instances.shuffled(using: &random).prefix(1 + Int(random.below(2)))
    for victim in victims { victim.end() }
    let pause = pause(upTo: 3)
    for victim in victims { try victim.start("run") }
    journal.say(
      "SIGKILL of \(victims.map(\.name).joined(separator: " and ")), back after \(pause) s")
  }

  private func restart() throws {
    let instance = instances.randomElement(using: &random)!
    let seconds = try shutDown([instance])
    let pause = pause(upTo: 2)
    try instance.start("run")
    journal.say(
      String(
        format: "SIGTERM of %@, gone in %.1f s, back after %@ s", instance.name, seconds, pause))
  }

  private func makeZombie() throws {
    let instance = instances.randomElement(using: &random)!
    instance.send(SIGSTOP)
    let seconds = SoakCluster.sessionTimeoutSeconds + 2 + Double(random.below(6))
    Thread.sleep(forTimeInterval: seconds)
    instance.send(SIGCONT)
    journal.say("\(instance.name) stood still for \(seconds) s, longer than its session")
  }

  private func cutPower() throws {
    for instance in instances { instance.end() }
    try brokers.endAll()
    let pause = pause(upTo: 3)
    try brokers.startAll()
    for instance in instances { try instance.start("run") }
    journal.say("SIGKILL of every instance, and the broker away for \(pause) s")
  }

  private func endBrokers() throws {
    try brokers.endAll()
    let left = try mayTerminateOne()
    let pause = pause(upTo: 20)
    try brokers.startAll()
    try left?.start("run")
    try startAgain()
    journal.say(
      "every broker away for \(pause) s\(left.map { ", and \($0.name) told to leave meanwhile" } ?? "")"
    )
  }

  private func killBroker() throws {
    guard case .commanded(let commands) = brokers else { return }
    let number = 1 + Int(random.below(Int64(commands.count)))
    try commands.kill(number)
    let left = try mayTerminateOne()
    let pause = pause(upTo: 25)
    try left?.start("run")
    try commands.start(number)
    journal.say(
      "SIGKILL of broker \(number), back after \(pause) s\(left.map { "; \($0.name) told to leave meanwhile" } ?? "")"
    )
  }

  /// Starts the instances again that had just been started when the brokers went, and found none.
  private func startAgain() throws {
    for instance in instances where try instance.hasFoundNoBroker() {
      try instance.start("run")
      journal.say("\(instance.name), which had just been started, found no broker; started again")
    }
  }

  /// Has an instance end while brokers are away, in one of three cases. It may leave with status 1: what was open
  /// cannot be finished.
  private func mayTerminateOne() throws -> Child? {
    guard random.below(3) == 0, let instance = instances.randomElement(using: &random) else {
      return nil
    }
    Thread.sleep(forTimeInterval: 1)
    _ = try shutDown([instance], mayFail: true)
    return instance
  }

  private func pause(upTo seconds: Double) -> String {
    let pause = Double(random.below(Int64(seconds * 1_000))) / 1_000
    Thread.sleep(forTimeInterval: pause)
    return String(format: "%.1f", pause)
  }

  /// SIGTERM to all of them at once.
  ///
  /// - Parameter mayFail: whether they may leave with status 1.
  /// - Returns: how long the slowest took.
  private func shutDown(_ children: [Child], mayFail: Bool = false) throws -> Double {
    let began = Date()
    for child in children { child.send(SIGTERM) }
    for child in children {
      let left = SoakRun.shutdownSeconds - Date().timeIntervalSince(began)
      _ = try child.leave(within: left, after: "SIGTERM", mayFail: mayFail)
    }
    let seconds = Date().timeIntervalSince(began)
    slowestShutdown = max(slowestShutdown, seconds)
    return seconds
  }

  // MARK: The end

  private func finish() throws {
    traffic.send(SIGTERM)
    _ = try traffic.leave(within: 300, after: "SIGTERM")
    journal.say("traffic stopped: \(try text(of: traffic.output))")
    journal.say(String(format: "all instances stopped in %.1f s", try shutDown(instances)))

    try readToEnd()
    journal.say("all that was left is processed")

    try verify.start("verify", "--all")
    defer { verify.end() }
    do { _ = try verify.leave(within: 600, after: "its start") } catch {
      throw Violation("verify: \(error)\n\(try text(of: verify.output))\(try text(of: verify.log))")
    }
    journal.say("verify:\n\(try text(of: verify.output))")
    try downstream.catchUp()
    journal.say(downstream.summary)
    for instance in instances {
      let lines = try instance.unexpectedLines()
      guard lines.isEmpty else {
        throw Violation(
          "\(instance.log.path) has lines that are no log:\n\(lines.joined(separator: "\n"))")
      }
    }
    let rebuilds = try instances.reduce(0) { $0 + (try $1.rebuilds()) }
    let faults = Fault.allCases.compactMap { fault in
      counts[fault].map { "\($0) × \(fault.rawValue)" }
    }
    journal.say(
      """
      \(faults.joined(separator: ", ")); workers built again \(rebuilds) times; slowest shutdown \
      \(String(format: "%.1f", slowestShutdown)) s
      """)
  }

  /// Has all instances come back until all are through: a broker that expels nobody leaves the partitions
  /// of one that was through before another began with it.
  private func readToEnd() throws {
    let deadline = Date() + SoakRun.endSeconds
    repeat {
      for instance in instances { try instance.start("run", "--exit-at-end") }
      var lastEnd: Date?
      while instances.contains(where: \.isRunning) {
        guard Date() < deadline else { break }
        usleep(100_000)
        if instances.allSatisfy(\.isRunning) { continue }
        lastEnd = lastEnd ?? Date()
        if Date().timeIntervalSince(lastEnd!) > SoakRun.patienceSeconds { break }
      }
      guard instances.contains(where: \.isRunning) else {
        for instance in instances { _ = try instance.leave(within: 0, after: "run --exit-at-end") }
        return
      }
      for instance in instances { instance.end() }
    } while Date() < deadline
    throw Violation(
      "\(instances.count) instances do not all come to the end within \(Int(SoakRun.endSeconds)) s")
  }

  private func text(of url: URL) throws -> String {
    try String(contentsOf: url, encoding: .utf8).trimmingCharacters(in: .newlines)
  }
}
