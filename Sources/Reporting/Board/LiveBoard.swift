import Attribution
import Synchronization

/// The board that everybody looks at while it is being written.
///
/// Readers get a picture of it and never wait for each other: the writer copies what a picture still shows before it
/// changes it.
public final class LiveBoard: Sendable {
  /// The board at one moment.
  public struct Picture: Sendable {
    public let board: RollupBoard
    /// Grows with every change, so that equal numbers mean equal boards.
    public let generation: UInt64
  }

  private struct State {
    var board: RollupBoard
    var generation: UInt64 = 0
  }

  public let definitions: Definitions
  private let state: Mutex<State>

  public init(_ definitions: Definitions, partitionCount: Int) {
    self.definitions = definitions
    state = Mutex(State(board: RollupBoard(definitions, partitionCount: partitionCount)))
  }

  /// Takes records in the order of their partitions.
  public func apply(_ records: [RollupsRecord]) {
    state.withLock { state in
      for record in records where state.board.apply(record) { state.generation += 1 }
    }
  }

  /// As the other, for records of archived windows: `held` has those windows.
  package func apply(
    _ records: some Sequence<RollupsRecord>, holding held: RollupBoard.HeldWindows
  ) {
    state.withLock { state in
      state.board.hold(held)
      for record in records where state.board.apply(record) { state.generation += 1 }
    }
  }

  /// Notes a commit to the archive. Numbers stay what they are.
  package func committed(before end: Milliseconds) {
    state.withLock { $0.board.committed(before: end) }
  }

  /// Starts again from another board.
  package func replace(with board: RollupBoard) {
    state.withLock { state in
      state.board = board
      state.generation += 1
    }
  }

  /// The board as it is now. O(1).
  public var picture: Picture {
    state.withLock { Picture(board: $0.board, generation: $0.generation) }
  }

  /// What `body` finds; nothing changes meanwhile.
  public func read<Result>(_ body: (RollupBoard) throws -> Result) rethrows -> Result {
    try body(picture.board)
  }
}
