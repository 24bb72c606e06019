/// The remembered ids of a task, one set per input kind: the same id on two kinds is two events.
struct IdentitySets: ~Copyable {
  private var impressions = IdentitySet()
  private var clicks = IdentitySet()
  private var conversions = IdentitySet()
  private var costs = IdentitySet()

  init() {}

  /// Remembers an id; false if it was there already.
  mutating func insert(_ id: Hash128, _ kind: EventKind, bucket: UInt64) -> Bool {
    switch kind {
    case .impression: impressions.insert(id, bucket: bucket)
    case .click: clicks.insert(id, bucket: bucket)
    case .conversion: conversions.insert(id, bucket: bucket)
    case .cost: costs.insert(id, bucket: bucket)
    }
  }

  /// Has the memory that `insert` will look at fetched.
  mutating func prefetch(_ id: Hash128, _ kind: EventKind) {
    switch kind {
    case .impression: impressions.prefetch(id)
    case .click: clicks.prefetch(id)
    case .conversion: conversions.prefetch(id)
    case .cost: costs.prefetch(id)
    }
  }

  var firstLiveBucket: UInt64 { clicks.firstLiveBucket }

  mutating func forget(before bucket: UInt64) {
    impressions.forget(before: bucket)
    clicks.forget(before: bucket)
    conversions.forget(before: bucket)
    costs.forget(before: bucket)
  }

  /// Number of ids that are remembered.
  var count: Int {
    impressions.count + clicks.count + conversions.count + costs.count
  }

  var byteCount: Int {
    impressions.byteCount + clicks.byteCount + conversions.byteCount + costs.byteCount
  }
}
