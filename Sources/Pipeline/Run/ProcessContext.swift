import Attribution

/// What the workers of a process have in common.
package final class ProcessContext: Sendable {
  package let clock: ProcessClock
  package let memory: MemoryLimit
  /// 64 random bits a call: what nobody may guess, and nothing that decides a number.
  package let random: @Sendable () -> UInt64
  let misplaced = MisplacedRecordsNotice()

  package init(
    clock: ProcessClock = .system, memory: MemoryLimit = MemoryLimit(bytes: .max),
    random: @escaping @Sendable () -> UInt64 = { .random(in: .min ... .max) }
  ) {
    self.random = random
    self.clock = clock
    self.memory = memory
  }
}
