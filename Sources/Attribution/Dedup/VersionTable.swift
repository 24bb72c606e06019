/// The versions that count, of ids that have one: exact, in memory that only such ids take.
///
/// An id at version 0 needs no more than its slot in the `IdentitySet`. One that was restated or taken back has
/// an entry here: which version counts, when it happened, and whose it is. O(1); forgotten with what it is about.
struct VersionTable {
  /// The version of an id that counts.
  struct Entry {
    var version: Int32
    /// Whether the id was taken back.
    var isDeleted: Bool
    var time: Milliseconds
    /// The part of the user's hash that names it.
    var user: Hash128
    /// The bucket that the id belonged to when this was accepted. An id that was forgotten since, and accepted
    /// anew, is in another.
    var bucket: UInt64
  }

  private struct Key: Hashable {
    var id: Hash128
    var kind: EventKind
  }

  private var entries: [Key: Entry] = [:]

  var isEmpty: Bool { entries.isEmpty }
  var count: Int { entries.count }
  /// Bytes held.
  var byteCount: Int {
    entries.capacity * (MemoryLayout<Key>.stride + MemoryLayout<Entry>.stride + 1)
  }

  subscript(id: Hash128, kind: EventKind) -> Entry? {
    get { entries[Key(id: id, kind: kind)] }
    set { entries[Key(id: id, kind: kind)] = newValue }
  }

  /// Forgets the entries of buckets before `bucket`. O(entries); once for each bucket.
  mutating func forget(before bucket: UInt64) {
    guard !entries.isEmpty else { return }
    entries = entries.filter { $0.value.bucket >= bucket }
  }
}
