import Attribution
import Cluster
import Configuration
import Inputs
import Synchronization

/// What the workers of a process have in common.
package final class ProcessContext: Sendable {
  package let clock: ProcessClock
  package let memory: MemoryLimit
  /// 64 random bits a call: what nobody may guess, and nothing that decides a number.
  package let random: @Sendable () -> UInt64
  let misplaced = MisplacedRecordsNotice()
  let inputs = SharedInputPlans()
  /// How rollups and attributions are written and read back.
  let output: PublishedOutput
  /// Copies of live state on this machine; nil for none.
  let copies: StateCopies?

  package init(
    clock: ProcessClock = .system, memory: MemoryLimit = MemoryLimit(bytes: .max),
    random: @escaping @Sendable () -> UInt64 = { .random(in: .min ... .max) },
    output: PublishedOutput = .json, copies: StateCopies? = nil
  ) {
    self.copies = copies
    self.output = output
    self.random = random
    self.clock = clock
    self.memory = memory
  }
}

/// The plans of the inputs, compiled by the first worker and shared by all, with the schemas that they fetch.
final class SharedInputPlans: Sendable {
  private let made = Mutex<(inputs: [InputEntry], plans: InputPlans)?>(nil)

  /// Those that were made last; nil before.
  var current: InputPlans? { made.withLock { $0?.plans } }

  func plans(of configuration: Configuration) throws -> InputPlans {
    try made.withLock { made in
      let inputs = configuration.topicInputs
      if let made, made.inputs == inputs { return made.plans }
      do {
        let plans = try InputPlans(configuration)
        made = (inputs, plans)
        return plans
      } catch {
        throw OperatorError("\(error)")
      }
    }
  }
}
