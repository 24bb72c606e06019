/// Who has been counted where, for users with too many touches to look through them again.
///
/// Whether a touch is its user's first in a bucket is found by walking the user's touches, which is
/// quick but for bots and shared ids. Of the users that have a `JourneyIndex` each bucket they were counted
/// in, and each session, is a hash in a set. O(1) per touch.
struct BusyUsers: ~Copyable {
  private var counted = IdentitySet()
  private let key: IdentityKey

  init(key: IdentityKey) { self.key = key }

  var byteCount: Int { counted.byteCount }

  /// Counts a user, or one of its sessions, in a bucket of a view; true if it is the first time.
  ///
  /// - Parameter session: nil for the user itself.
  mutating func count(
    _ user: Hash128, group: UInt32, windowStart: Milliseconds, session: UInt64?, bucket: UInt64
  ) -> Bool {
    let hash = hash(user, group: group, windowStart: windowStart, session: session)
    return counted.insert(hash, bucket: bucket)
  }

  /// What stands for a user, or one of its sessions, in a bucket of a view.
  func hash(
    _ user: Hash128, group: UInt32, windowStart: Milliseconds, session: UInt64?
  ) -> Hash128 {
    key.hash(
      IdentityKey.InlineWords(
        tag: session == nil ? 0 : 1, first: user.high, second: user.low, third: UInt64(group),
        fourth: UInt64(bitPattern: windowStart), fifth: session ?? 0))
  }

  mutating func forget(before bucket: UInt64) { counted.forget(before: bucket) }
}
