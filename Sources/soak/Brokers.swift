import BrokerKit
import Foundation
import Synchronization

/// The brokers of a soak, as far as it can end and start them.
enum Brokers {
  /// A `noida-db` of its own: it comes back with its data, but without its groups.
  case local(LocalBroker)
  /// Somebody else's, by two commands.
  case commanded(BrokerCommands)
  /// Somebody else's, not to be touched.
  case foreign

  var isLocal: Bool { if case .local = self { true } else { false } }

  /// How many there are that can be killed one by one.
  var killable: Int { if case .commanded(let commands) = self { commands.count } else { 0 } }

  /// Ends all of them, as a power cut does.
  func endAll() throws {
    switch self {
    case .local(let broker): try broker.suspend()
    case .commanded(let commands): for number in 1...commands.count { try commands.kill(number) }
    case .foreign: break
    }
  }

  /// Starts all of them again.
  func startAll() throws {
    switch self {
    case .local(let broker): try broker.start()
    case .commanded(let commands):
      // Several together: one alone may not come up.
      try commands.start(Array(1...commands.count))
    case .foreign: break
    }
  }
}

/// How somebody else's brokers are killed and started: shell commands with `{n}` for a broker's number, from 1.
struct BrokerCommands {
  let count: Int
  let killCommand: String
  let startCommand: String

  func kill(_ number: Int) throws { try run(killCommand, [number]) }
  func start(_ number: Int) throws { try start([number]) }

  /// Starts brokers at the same time, and waits until the commands say that they are there.
  func start(_ numbers: [Int]) throws { try run(startCommand, numbers) }

  /// Not by `Process`: it takes a command for running as long as anybody holds what it has inherited, and brokers
  /// that are started in the background do.
  private func run(_ command: String, _ numbers: [Int]) throws {
    let statuses = Mutex<[Int: Int32]>([:])
    DispatchQueue.concurrentPerform(iterations: numbers.count) { index in
      let words = command.replacingOccurrences(of: "{n}", with: "\(numbers[index])")
      let status = system("(\(words)) </dev/null >/dev/null 2>&1")
      statuses.withLock { $0[numbers[index]] = status }
    }
    for (number, status) in statuses.withLock({ $0 }) where status != 0 {
      throw Violation("\(command) with {n} = \(number) ended with status \(status >> 8 & 255)")
    }
  }
}
