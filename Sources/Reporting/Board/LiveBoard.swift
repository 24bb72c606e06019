import Attribution
import Synchronization

/// The board that everybody looks at while it is being written.
public final class LiveBoard: Sendable {
  public let definitions: Definitions
  private let board: Mutex<RollupBoard>

  public init(_ definitions: Definitions, partitionCount: Int) {
    self.definitions = definitions
    board = Mutex(RollupBoard(definitions, partitionCount: partitionCount))
  }

  /// Takes records in the order of their partitions.
  public func apply(_ records: [RollupsRecord]) {
    board.withLock { board in for record in records { board.apply(record) } }
  }

  /// What `body` finds; nothing changes meanwhile.
  public func read<Result: Sendable>(_ body: (RollupBoard) throws -> sending Result) rethrows
    -> sending Result
  {
    try board.withLock { try body($0) }
  }
}
