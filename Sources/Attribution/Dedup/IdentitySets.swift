// Safety: `sets` is allocated and freed here, and indexed by the kinds' numbers.

/// The remembered ids of a task, one set per input kind: the same id on two kinds is two events.
struct IdentitySets: ~Copyable {
  private let sets: UnsafeMutableBufferPointer<IdentitySet>

  init() {
    sets = .allocate(capacity: EventKind.allCases.count)
    for index in sets.indices { sets.initializeElement(at: index, to: IdentitySet()) }
  }

  deinit {
    for index in sets.indices { (sets.baseAddress! + index).deinitialize(count: 1) }
    sets.deallocate()
  }

  /// Remembers an id; false if it was there already.
  @inline(__always)
  mutating func insert(_ id: Hash128, _ kind: EventKind, bucket: UInt64) -> Bool {
    sets[Int(kind.rawValue)].insert(id, bucket: bucket)
  }

  /// Has the memory that `insert` will look at fetched.
  @inline(__always)
  mutating func prefetch(_ id: Hash128, _ kind: EventKind) {
    sets[Int(kind.rawValue)].prefetch(id)
  }

  /// The bucket that a remembered id belongs to; nil if it is not remembered.
  func bucket(of id: Hash128, _ kind: EventKind) -> UInt64? {
    sets[Int(kind.rawValue)].bucket(of: id)
  }

  /// Remembers an id, which is there already, as long as those of `bucket`, or longer.
  ///
  /// - Returns: the bucket it belongs to now.
  mutating func extend(_ id: Hash128, _ kind: EventKind, to bucket: UInt64) -> UInt64 {
    sets[Int(kind.rawValue)].extend(id, to: bucket)
  }

  var firstLiveBucket: UInt64 { sets[0].firstLiveBucket }

  mutating func forget(before bucket: UInt64) {
    for index in sets.indices { sets[index].forget(before: bucket) }
  }

  /// Number of ids that are remembered.
  var count: Int { sets.indices.reduce(0) { $0 + sets[$1].count } }

  var byteCount: Int { sets.indices.reduce(0) { $0 + sets[$1].byteCount } }
}
