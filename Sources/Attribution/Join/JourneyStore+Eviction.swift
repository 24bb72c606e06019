/// The end of a commit, and of what the watermark has passed.
extension JourneyStore {
  /// Begins another commit.
  mutating func endCommit() { commit &+= 1 }

  /// Drops the buckets before `bucket` and the tuples that only they used.
  mutating func forget(before bucket: UInt64) {
    guard bucket > arena.firstLiveBucket else { return }
    arena.drop(before: bucket)
    for (hash, index) in indexes {
      let former = index.count
      lookedUpCount -= (index.tallies?.count ?? 0) + (index.links?.count ?? 0)
      index.removeDead(arena)
      indexedCount -= former - index.count
      if record(index.anchor) == nil { indexes[hash] = nil }
    }
    users.shrink(arena)
    tuples.collect(before: bucket)
    busyUsers.forget(before: bucket)
  }
}
