import Attribution
import Foundation
import Testing

@testable import Pipeline
@testable import TestKit
@testable import Traffic

/// What a process does where it remembers as much as it may.
@Suite struct MemoryLimitTests {
  @Test func readingStopsAboveTheLimitAndGoesOnBelowNineteenTwentieths() {
    let lines = LogLines()
    let limit = MemoryLimit(bytes: 1_000 << 20)
    func note(_ worker: String, _ mebibytes: Int) -> Bool {
      limit.isReached(
        by: worker,
        holding: [
          StoreSize(name: "identities", entries: 0, bytes: mebibytes << 19),
          StoreSize(name: "touches", entries: 0, bytes: mebibytes << 19),
        ], lines.logger)
    }
    #expect(!note("a", 500) && !note("b", 500) && lines.at(.error).isEmpty)
    #expect(limit.hasRoom(for: 0) && !limit.hasRoom(for: 1))
    #expect(note("b", 502) && note("a", 500) && !limit.hasRoom(for: 0))
    #expect(note("a", 460), "960 of 1,000")
    #expect(limit.use.isShedding && limit.use.obstacle?.contains("962 of 1000 MiB") == true)
    #expect(!note("a", 440) && !note("b", 502))
    #expect(limit.use.stores == ["identities": 471 << 20, "touches": 471 << 20, "restores": 0])
    let errors = lines.at(.error)
    #expect(errors.count == 1 && lines.at(.notice).count == 1)
    #expect(errors[0].contains("1002 of 1000 MiB (max_memory) in use"))
    #expect(errors[0].contains("identities 501 MiB, touches 501 MiB"))
    #expect(errors[0].contains("raise max_memory, add instances, or shorten"))
    #expect(lines.at(.notice)[0].contains("reading goes on"))
    // Restores count, and stop nobody else.
    #expect(limit.admits(restore: 10 << 20, by: "b"))
    #expect(!limit.admits(restore: 900 << 20, by: "b") && !limit.use.isShedding)
    limit.remove("b", lines.logger)
    #expect(limit.use.total == 440 << 20)
  }

  @Test func limitsOfContainersAreThoseOfTheProcessAndOfWhatItIsIn() {
    let files = [
      "/sys/fs/cgroup/memory.max": "max\n", "/sys/fs/cgroup/a/memory.max": "4000\n",
      "/sys/fs/cgroup/a/b/memory.max": "5000\n",
      "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
      "/sys/fs/cgroup/memory/c/memory.limit_in_bytes": "3000\n",
    ]
    func limits(_ groups: String) -> [Int] { ContainerMemory.limits(groups: groups) { files[$0] } }
    #expect(limits("0::/a/b\n") == [4_000, 5_000])
    #expect(limits("0::/\n") == [])
    #expect(limits("4:memory:/c\n3:cpu,cpuacct:/c\n") == [9_223_372_036_854_771_712, 3_000])
    #expect(limits("4:memory:/not/seen/from/here\n") == [9_223_372_036_854_771_712])
    #expect(ContainerMemory.bytes > 1 << 20)
  }

  /// One that may not read keeps its place and its partitions, and is idle for nobody.
  @Test func aWorkerThatMayNotReadGoesOnOnceItMay() throws {
    let records = Array(TrafficGenerator(PipelineTests.traffic(8)))
    var timeouts = MemoryLog.Timeouts()
    timeouts.session = 1 << 40
    timeouts.transaction = 1 << 40
    let simulation = Simulation(
      PipelineTests.definitions, seed: 1, attributionWorkers: 1, timeouts: timeouts,
      memoryLimit: try memory(for: records) * 9 / 10)
    for slot in simulation.workers.all { simulation.start(slot) }
    for part in 0..<10 {
      for record in records[part * records.count / 10..<(part + 1) * records.count / 10] {
        simulation.append(record)
      }
      for _ in 0..<40 { for slot in simulation.workers.all { #expect(simulation.step(slot)) } }
    }
    #expect(simulation.failure == nil && !simulation.hasReadInputs)
    guard case .attribution(let worker) = simulation.workers.attribution[0].worker else { return }
    let memory = worker.stage.memoryInUse
    #expect(memory.isShedding)
    #expect(memory.stores["identities", default: 0] > 0 && memory.stores["changelog"] != nil)
    // Nothing that is unread is passed over, however long it takes.
    let finalBefore = simulation.rollupsOnTopic().values.count { $0.isFinal }
    simulation.clock.advance(300_000)
    for _ in 0..<50 { for slot in simulation.workers.all { simulation.step(slot) } }
    #expect(simulation.rollupsOnTopic().values.count { $0.isFinal } == finalBefore)
    for slot in simulation.workers.all { simulation.stop(slot) }
    let next = Simulation(PipelineTests.definitions, seed: 1, log: simulation.log)
    try next.runToEnd()
    let report = next.verify()
    #expect(report.differences.agrees, "\(report.differences)")
  }

  /// Other tests run beside this one, so the bounds are wide; what counts is that nothing large is left out.
  @Test func whatIsCountedIsWhatTheProcessGrowsBy() {
    let task = AttributionTask(
      definitions: Definitions(), kinds: [.click, .conversion], secret: .test)
    let before = MemoryLimitTests.residentBytes
    for number in 0..<400_000 {
      let id = Array("click-\(number)".utf8)
      let user = Array("user-\(number % 300_000)".utf8)
      let campaign = Array("campaign-\(number % 500)".utf8)
      id.withUnsafeBytes { id in
        user.withUnsafeBytes { user in
          campaign.withUnsafeBytes { campaign in
            var event = Event(
              kind: .click, time: 1_767_600_000_000 + Int64(number), eventID: BorrowedBytes(id),
              userID: BorrowedBytes(user))
            event.campaignID = BorrowedBytes(campaign)
            _ = task.apply(event)
          }
        }
      }
      if number % 10_000 == 0 { task.endCommit() }
    }
    let counted = task.memory.reduce(0) { $0 + $1.bytes }
    let grown = MemoryLimitTests.residentBytes - before
    #expect(counted > 20 << 20)
    #expect(counted < 3 * grown && grown < 3 * counted, "counted \(counted), grown by \(grown)")
    for store in ["identities", "touches", "users", "placements"] {
      #expect(task.memory.first { $0.name == store }!.bytes > 10_000)
    }
  }

  private static var residentBytes: Int {
    let fields = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
    return (Int(fields.split(separator: " ").dropFirst().first ?? "") ?? 0) * 4_096
  }

  /// What one worker remembers that has read them, in bytes.
  private func memory(for records: [GeneratedRecord]) throws -> Int {
    let simulation = Simulation(PipelineTests.definitions, seed: 1, attributionWorkers: 1)
    for record in records { simulation.append(record) }
    for slot in simulation.workers.all { simulation.start(slot) }
    for _ in 0..<400 { for slot in simulation.workers.all { simulation.step(slot) } }
    guard case .attribution(let worker)? = simulation.workers.attribution[0].worker else {
      return 0
    }
    return worker.stage.memoryInUse.total
  }

  @Test func aTaskWhoseRestoreIsTooLargeWaitsAndTheOthersGoOn() throws {
    let simulation = Simulation(PipelineTests.definitions, seed: 1, attributionWorkers: 1)
    let records = Array(TrafficGenerator(PipelineTests.traffic(8)))
    for record in records.prefix(1_000) { simulation.append(record) }
    for slot in simulation.workers.all { simulation.start(slot) }
    for _ in 0..<300 { for slot in simulation.workers.all { simulation.step(slot) } }
    guard case .attribution(let former) = simulation.workers.attribution[0].worker else { return }
    let used = former.stage.memoryInUse.total
    for slot in simulation.workers.all { simulation.stop(slot) }
    let next = Simulation(
      PipelineTests.definitions, seed: 1, attributionWorkers: 1, memoryLimit: used / 2,
      log: simulation.log)
    for slot in next.workers.all { next.start(slot) }
    for _ in 0..<50 { for slot in next.workers.all { next.step(slot) } }
    guard case .attribution(let worker) = next.workers.attribution[0].worker else {
      Issue.record("the worker has ended: \(next.failure ?? "")")
      return
    }
    // Tasks of the costs are small: there is always room for them.
    let opened = worker.stage.tasks.filter { $0.kind == .keyed }.map(\.partition)
    #expect(!opened.isEmpty && opened.count < 3, "\(opened)")
    #expect(worker.stage.memoryInUse.total <= used / 2)
    for slot in next.workers.all { next.stop(slot) }
    let last = Simulation(PipelineTests.definitions, seed: 1, log: simulation.log)
    for record in records.dropFirst(1_000) { last.append(record) }
    try last.runToEnd()
    let report = last.verify()
    #expect(report.differences.agrees, "\(report.differences)")
  }
}
