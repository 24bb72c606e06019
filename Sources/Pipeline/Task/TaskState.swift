/// The life cycle of a task, in Kafka Streams' words.
///
/// | state | what it does | leaves by |
/// | --- | --- | --- |
/// | created | waits for offsets and for the ends of its logs; nothing is read | the answers → restoring |
/// | restoring | reads its state back, a slice per step | state and inputs fit → running |
/// | running | takes rows and writes effects; nobody else does | revoked → suspended |
/// | suspended | keeps its state, reads nothing | assigned again → running, or restoring |
/// | closed | nothing | – |
enum TaskState: Equatable {
  case created, restoring, running, suspended, closed

  /// Takes a step of the life cycle. Any other ends the process: it would lose or repeat events.
  mutating func move(to next: TaskState) {
    precondition(followers.contains(next), "a task does not go from \(self) to \(next)")
    self = next
  }

  private var followers: [TaskState] {
    switch self {
    case .created: [.restoring, .closed]
    case .restoring: [.running, .closed]
    case .running: [.suspended, .closed]
    case .suspended: [.running, .restoring, .closed]
    case .closed: []
    }
  }
}
