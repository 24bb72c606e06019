/// How many entries there are in each event-time bucket, so that forgetting buckets tells how many
/// entries are left.
///
/// Entries come nearly in the order of time: `add` is O(1) while the bucket stays the same, and a short
/// search when it changes.
struct BucketCounts {
  /// In the order of buckets.
  private var counts: [(bucket: UInt64, count: Int)] = []
  /// Where the last entry was counted.
  private var last = 0
  /// Entries in all buckets.
  private(set) var total = 0

  mutating func add(_ bucket: UInt64) {
    total += 1
    if last >= counts.count || counts[last].bucket != bucket { find(bucket) }
    counts[last].count += 1
  }

  /// Takes an entry out of its bucket.
  mutating func remove(_ bucket: UInt64) {
    total -= 1
    if last >= counts.count || counts[last].bucket != bucket { find(bucket) }
    counts[last].count -= 1
  }

  /// Drops the entries of every bucket before `bucket`.
  mutating func drop(before bucket: UInt64) {
    let end = counts.firstIndex { $0.bucket >= bucket } ?? counts.count
    for index in 0..<end { total -= counts[index].count }
    counts.removeFirst(end)
    last = 0
  }

  /// Lets `last` be the bucket's index. It is most likely one of the newest.
  @inline(never)
  private mutating func find(_ bucket: UInt64) {
    let older = counts.lastIndex { $0.bucket <= bucket }
    if let older, counts[older].bucket == bucket {
      last = older
    } else {
      last = older.map { $0 + 1 } ?? 0
      counts.insert((bucket, 0), at: last)
    }
  }
}
