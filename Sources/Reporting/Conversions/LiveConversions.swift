import Attribution
import Synchronization

/// The index that everybody looks at while it is being written: see `LiveBoard`.
public final class LiveConversions: Sendable {
  /// The index at one moment.
  public struct Picture: Sendable {
    public let index: ConversionIndex
    /// Grows with every change.
    public let generation: UInt64
    /// Whether all that the topic held at the start has been read.
    public let isCaughtUp: Bool
  }

  private struct State {
    var index: ConversionIndex
    var generation: UInt64 = 0
    var isCaughtUp = false
  }

  private let state: Mutex<State>

  public init(_ index: ConversionIndex) { state = Mutex(State(index: index)) }

  /// Changes the index.
  public func update(isCaughtUp: Bool, _ body: (inout ConversionIndex) -> Void) {
    state.withLock { state in
      body(&state.index)
      state.isCaughtUp = isCaughtUp
      state.generation += 1
    }
  }

  /// The index as it is now. O(1).
  public var picture: Picture {
    state.withLock {
      Picture(index: $0.index, generation: $0.generation, isCaughtUp: $0.isCaughtUp)
    }
  }
}
