/// The end of a commit, and of what the watermark has passed.
extension JourneyStore {
  /// Begins another commit.
  mutating func endCommit() { commit &+= 1 }

  /// Drops all but the buckets to keep, and the tuples that only the others used.
  mutating func forget(allBut kept: LiveBuckets) {
    guard live.narrowed(to: kept) != live else { return }
    arena.drop(allBut: kept)
    for (hash, index) in indexes {
      let former = index.count
      lookedUpCount -= (index.tallies?.count ?? 0) + (index.links?.count ?? 0)
      index.removeDead(arena)
      indexedCount -= former - index.count
      if record(index.anchor) == nil, record(index.impressionAnchor) == nil { indexes[hash] = nil }
    }
    users.shrink(arena)
    tuples.collect(before: live.firstOfAny)
    // Whatever is kept, the windows in which something can still be counted are.
    busyUsers.forget(before: live.firstOfAll)
  }
}
