import Attribution
import Synchronization

/// What an ingest has done so far, for any thread to look at.
public final class IngestMonitor: Sendable {
  /// A moment's picture.
  public struct Counts: Sendable {
    /// By outcome: `taken`, `known`, `rejected`, `failed`.
    public var files: [String: Int] = [:]
    /// Records sent, by kind.
    public var records: [EventKind: Int] = [:]
    /// Bytes of the files that were taken, as they lie in their store.
    public var bytes: Int64 = 0
    /// Files and messages that were not taken, by reason.
    public var refusals: [String: Int] = [:]
    /// Messages that were received and are not done with.
    public var messages = 0
    /// When the oldest of them was sent, in milliseconds since the epoch.
    public var oldestMessage: Int64?
    /// Why nothing comes; nil when all is well.
    public var obstacle: String? = "starting"
  }

  private let state = Mutex(Counts())

  public init() {}

  public var counts: Counts { state.withLock { $0 } }

  package func change(_ body: (inout Counts) -> Void) { state.withLock { body(&$0) } }

  func note(_ outcome: FileOutcome) { change { $0.files[outcome.rawValue, default: 0] += 1 } }

  package func refuse(_ reason: String) { change { $0.refusals[reason, default: 0] += 1 } }
}
