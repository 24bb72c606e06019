import Kafka

extension Simulation: LogEnvironment {
  package var clusterTime: Int64 { clock.elapsed }
  package var brokerClock: Int64 { clock.wall(of: .broker) }

  /// Draws what becomes of a call: nothing, an error, the end of its process, or a long wait.
  package func meet(_ call: LogCall, of process: SimulatedProcess) throws {
    trace.note(Int64(truncatingIfNeeded: call.rawValue.utf8.count) << 48 ^ clock.elapsed)
    trace.note("  \(process.name): \(call)")
    try hooks.onCall?(call)
    if call == hooks.killsNext {
      hooks.killsNext = nil
      try kill(process, at: call)
    }
    guard faults.kill + faults.fail + faults.pause > 0 else { return }
    var draw = random.below(call.rarity * 25_000)
    if draw < faults.kill {
      try kill(process, at: call)
    }
    draw -= faults.kill
    if draw < faults.fail {
      let choices = call.failures
      let error = LogFault.error(choices[Int(random.below(Int64(choices.count)))], at: call)
      trace.note("  \(process.name): \(error)")
      counts.failedCalls[error.recovery, default: 0] += 1
      counts.brokenCalls[call, default: 0] += 1
      throw error
    }
    draw -= faults.fail
    guard draw < faults.pause else { return }
    let duration = 1 + random.below(faults.longestPause)
    trace.note("  \(process.name): \(call) takes \(duration) ms")
    counts.slowCalls += 1
    pass(milliseconds: duration)
  }

  private func kill(_ process: SimulatedProcess, at call: LogCall) throws {
    trace.note("  \(process.name): killed at \(call)")
    counts.killsInCalls += 1
    counts.brokenCalls[call, default: 0] += 1
    process.kill()
    throw ProcessKilled()
  }

  package func pass(milliseconds: Int64) {
    let slices: Int64 = depth > 2 || milliseconds < 8 ? 1 : 4
    for _ in 0..<slices {
      clock.advance(milliseconds / slices)
      log.expire()
      guard depth < 3 else { continue }
      for slot in workers.all where slot.isRunning && !slot.isBusy && random.below(2) == 0 {
        step(slot)
      }
    }
  }

  package func note(_ event: ClusterEvent) {
    counts.count(event)
    trace.note("  cluster: \(event)")
  }

  package func answerDelay() -> Int64 {
    guard hooks.answersLate else { return 0 }
    return random.below(2) == 0 ? 0 : random.below(200)
  }

  package func landingDelay() -> Int64? {
    switch random.below(3) {
    case 0: nil
    case 1: 0
    default: random.below(2 * log.timeouts.transaction)
    }
  }
}

extension LogCall {
  /// How often it is made, about, where commits count four: so much less often it goes wrong.
  fileprivate var rarity: Int64 {
    switch self {
    case .deleteRecords: 1
    case .poll, .read: 64
    case .produce: 160
    case .readRecord: 1_600
    default: 4
    }
  }

  /// What it may fail with.
  fileprivate var failures: [KafkaError.Recovery] {
    switch self {
    case .produce, .sendOffsets, .sentOffsets, .commit:
      [.retry, .abortTransaction, .rebuildClient, .renewProducer, .unspecified]
    case .committed, .aborted: [.rebuildClient, .renewProducer]
    default: [.retry, .rebuildClient, .renewProducer, .unspecified]
    }
  }
}
