/// Names definitions. State and rollups written under another base, or under a view or model that is
/// there no more, must not be added to. Views may be new; so may models, behind the others: sums are in
/// their order.
public struct DefinitionsFingerprint: Sendable, Equatable {
  public var base: UInt64
  public var models: [UInt64]
  public var views: [UInt64]

  public init(base: UInt64, models: [UInt64], views: [UInt64]) {
    self.base = base
    self.models = models
    self.views = views
  }

  /// Whether what was written under `former` may be added to.
  public func extends(_ former: DefinitionsFingerprint) -> Bool {
    base == former.base && models.starts(with: former.models)
      && Set(former.views).isSubset(of: views)
  }
}

/// The hash of what is named by its text.
func textHash(_ text: String) -> UInt64 {
  Array(text.utf8).withUnsafeBytes { Hash128(fingerprintOf: BorrowedBytes($0)).high }
}
