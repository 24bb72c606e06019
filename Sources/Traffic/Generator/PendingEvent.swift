import Attribution

/// An event on its way to the log, small enough that hours of delayed ones fit in memory. It becomes
/// text only when it arrives.
struct PendingEvent {
  var arrival: Milliseconds
  /// Of two with the same arrival the one made first comes first.
  var sequence: UInt64 = 0
  var time: Milliseconds
  var kind: EventKind
  var truth: Truth = .ordinary
  /// Number behind the event id.
  var identity: UInt64
  /// Number behind the user id.
  var user: UInt64 = 0
  /// Index into the campaigns.
  var campaign: Int32 = 0
  /// Number of the ad within its campaign; absent when negative.
  var ad: Int32 = -1
  /// Number of the user's session; absent when negative.
  var session: Int32 = -1
  var namesChannel = true
  /// Micros; absent when negative.
  var amount: Micros = -1
  var version: Int32 = 0
  var isDeleted = false
  /// What its time was before, where a version moves it.
  var originalTime: Milliseconds?
  /// Decides how the record is written; never what it means.
  var format: UInt64

  func arrivesBefore(_ other: PendingEvent) -> Bool {
    arrival != other.arrival ? arrival < other.arrival : sequence < other.sequence
  }
}
