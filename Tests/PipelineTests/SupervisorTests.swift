import Cluster
import Foundation
import Logging
import Synchronization
import Testing

@testable import Pipeline

/// Workers that fail and workers that hang.
@Suite struct SupervisorTests {
  struct Broken: Error {}

  @Test func aWorkerThatFailsIsBuiltAgainAndSaysSoOnce() {
    let lines = LogLines()
    let attempts = Mutex(0)
    let supervisor = makeSupervisor(.seconds(60), lines.logger) { heartbeat, isWell in
      let attempt = attempts.withLock {
        $0 += 1
        return $0
      }
      if attempt < 4 { throw Broken() }
      isWell()
    }
    supervisor.start()
    #expect(waitFor { supervisor.hasEnded })
    #expect(attempts.withLock { $0 } == 4)
    #expect(lines.at(.error).count == 1)
    #expect(lines.at(.notice).count == 1)
    #expect(lines.at(.notice).first?.contains("runs again") == true)
  }

  @Test func aWorkerThatHangsIsReplaced() {
    let lines = LogLines()
    let started = Mutex(0)
    let release = DispatchSemaphore(value: 0)
    let abandonedSaw = Mutex(false)
    let supervisor = makeSupervisor(.milliseconds(200), lines.logger) { heartbeat, isWell in
      let isFirst = started.withLock {
        $0 += 1
        return $0 == 1
      }
      guard isFirst else { return }
      release.wait()
      abandonedSaw.withLock { $0 = heartbeat.isAbandoned }
    }
    supervisor.start()
    #expect(
      waitFor {
        supervisor.replaceIfStalled()
        return supervisor.hasEnded
      })
    #expect(started.withLock { $0 } == 2)
    #expect(lines.at(.error).first?.contains("no progress") == true)
    release.signal()
    #expect(waitFor { abandonedSaw.withLock { $0 } })
  }

  @Test func aWorkerThatTakesItsTimeWithLimitsOfItsOwnIsLeftAlone() {
    let lines = LogLines()
    let started = Mutex(0)
    let supervisor = makeSupervisor(.milliseconds(100), lines.logger) { heartbeat, isWell in
      started.withLock { $0 += 1 }
      heartbeat.withoutLimit { Thread.sleep(forTimeInterval: 0.4) }
    }
    supervisor.start()
    #expect(
      waitFor {
        supervisor.replaceIfStalled()
        return supervisor.hasEnded
      })
    #expect(started.withLock { $0 } == 1)
    #expect(lines.at(.error).isEmpty)
  }

  @Test func whatOnlyAnOperatorCanMendIsGivenUpAtOnce() {
    let given = Mutex<(any Error)?>(nil)
    let supervisor = makeSupervisor(
      .seconds(60), LogLines().logger, fail: { error in given.withLock { $0 = error } },
      body: { _, _ in throw OperatorError("no") })
    supervisor.start()
    #expect(waitFor { supervisor.hasEnded })
    #expect(given.withLock { $0 } is OperatorError)
  }

  private func makeSupervisor(
    _ stallTimeout: Duration, _ logger: Logger,
    fail: @escaping @Sendable (any Error) -> Void = { _ in }, body: @escaping Supervisor.Body
  ) -> Supervisor {
    Supervisor(
      "worker", stallTimeout: stallTimeout, logger: logger, shouldStop: { false }, fail: fail,
      body: body)
  }

  private func waitFor(_ condition: () -> Bool) -> Bool {
    for _ in 0..<1_000 {
      if condition() { return true }
      usleep(10_000)
    }
    return false
  }
}

/// Keeps what is logged, for tests to look at.
final class LogLines: Sendable {
  private let lines = Mutex<[(level: Logger.Level, text: String)]>([])

  var logger: Logger {
    var logger = Logger(label: "test") { _ in Handler(lines: self) }
    logger.logLevel = .trace
    return logger
  }

  func at(_ level: Logger.Level) -> [String] {
    lines.withLock { $0.filter { $0.level == level }.map(\.text) }
  }

  private struct Handler: LogHandler {
    let lines: LogLines
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      lines.lines.withLock { $0.append((event.level, "\(event.message)")) }
    }
  }
}
