/// Who has been counted where, for users with too many touches to look through them again.
///
/// Whether a touch is its user's first in a bucket is found by walking the user's touches, which is
/// quick but for bots and shared ids. A user whose walk grows long is remembered here: from then on
/// each bucket it was counted in, and each session, is a hash in a set. O(1) per touch.
struct BusyUsers: ~Copyable {
  /// How many touches are walked before the user counts as busy.
  static let longestWalk = 256

  private var counted = IdentitySet()
  /// Busy users, and the newest bucket that holds a touch of theirs.
  private var newestBuckets: [Hash128: UInt64] = [:]

  var byteCount: Int { counted.byteCount + newestBuckets.capacity * 24 }

  func contains(_ user: Hash128) -> Bool {
    !newestBuckets.isEmpty && newestBuckets[user] != nil
  }

  mutating func insert(_ user: Hash128, bucket: UInt64) {
    newestBuckets[user] = max(bucket, newestBuckets[user] ?? 0)
  }

  /// Counts a user, or one of its sessions, in a bucket of a view; true if it is the first time.
  ///
  /// - Parameter session: nil for the user itself.
  mutating func count(
    _ user: Hash128, group: UInt32, windowStart: Milliseconds, session: UInt64?, bucket: UInt64
  ) -> Bool {
    var words = (user.high, user.low, UInt64(group), UInt64(bitPattern: windowStart), session ?? 0)
    let isSession: UInt64 = session == nil ? 0 : 1
    let hash = withUnsafeBytes(of: &words) { Hash128(BorrowedBytes($0), seed: isSession) }
    return counted.insert(hash, bucket: bucket)
  }

  mutating func forget(before bucket: UInt64) {
    counted.forget(before: bucket)
    guard !newestBuckets.isEmpty else { return }
    newestBuckets = newestBuckets.filter { $0.value >= bucket }
  }
}
