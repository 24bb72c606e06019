/// The costs that count, by their ids: what another version of one takes back.
///
/// Costs meet nobody, so they are in no journey. O(1) each; forgotten with their ids.
struct CostTable {
  /// A cost that counts, or the id of one that was taken back.
  struct Entry {
    var time: Milliseconds
    var amount: Micros
    /// Of its campaign, channel and ad.
    var tuple: UInt32
    var version: Int32
    var isDeleted: Bool
    /// The bucket that its id belongs to.
    var bucket: UInt64
  }

  private var entries: [Hash128: Entry] = [:]

  var count: Int { entries.count }
  /// Bytes held.
  var byteCount: Int {
    entries.capacity * (MemoryLayout<Hash128>.stride + MemoryLayout<Entry>.stride + 1)
  }

  subscript(id: Hash128) -> Entry? {
    get { entries[id] }
    set { entries[id] = newValue }
  }

  /// Forgets the costs of buckets before `bucket`. O(costs); once for each bucket.
  mutating func forget(before bucket: UInt64) {
    guard !entries.isEmpty else { return }
    entries = entries.filter { $0.value.bucket >= bucket }
  }
}
