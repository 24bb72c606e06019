import Attribution
import Kafka

/// Which tasks are so far behind their inputs that nobody waits for what they have just counted.
///
/// While all of them are, every window is about to change again. To publish it each time would cost as
/// much as to count it, so the rollup stage collects more deltas for a commit. A task says so in a header
/// of its status; whoever says nothing has caught up.
struct CatchUp {
  /// How many commit intervals the rollup stage collects deltas for.
  static let intervals: Milliseconds = 4
  private static let headerName = "catching-up"

  private var tasks: Set<Int32> = []

  /// What a former version says in a header.
  static func isTold(by headers: [Header]) -> Bool {
    headers.contains { $0.name == CatchUp.headerName }
  }

  /// Takes note of what came with a task's status.
  mutating func update(task: Int32, _ isCatchingUp: Bool) {
    if isCatchingUp {
      tasks.insert(task)
    } else {
      tasks.remove(task)
    }
  }

  /// Whether no task is up to date but those that read nothing.
  func includesAll(_ statuses: [Int32: TaskStatus]) -> Bool {
    guard !tasks.isEmpty else { return false }
    return statuses.allSatisfy { task, status in
      guard case .active(let mark) = status, mark.isKnown else { return true }
      return tasks.contains(task)
    }
  }
}
