import Attribution

/// What the workers of a process have in common.
package final class ProcessContext: Sendable {
  package let clock: ProcessClock
  package let memory: MemoryLimit
  let misplaced = MisplacedRecordsNotice()

  package init(clock: ProcessClock = .system, memory: MemoryLimit = MemoryLimit(bytes: .max)) {
    self.clock = clock
    self.memory = memory
  }
}
