extension IdentityKey {
  /// The hash of a user: of its id, and of what `match_on` names. Two users are the same where all of it is.
  ///
  /// - Parameter values: of an event of the user's, or of a conversion.
  public func hash(user id: BorrowedBytes, _ values: ConfiguredValues) -> Hash128 {
    let hash = hash(id)
    return values.matching.isEmpty ? hash : add(values, values.matching, to: hash)
  }

  /// The hash of what a touch or a cost stands for.
  func hash(
    tuple campaign: BorrowedBytes, _ channel: BorrowedBytes, _ ad: BorrowedBytes,
    _ values: ConfiguredValues
  ) -> Hash128 {
    let hash = hash(campaign, channel, ad)
    return values.isEmpty ? hash : add(values, 0..<values.count, to: hash)
  }

  /// The hash of what a conversion stands for that no touch earned.
  func hash(unattributed values: ConfiguredValues) -> Hash128 {
    let hash = hash(
      InlineWords(tag: FieldTag.unattributed, first: 0, second: 0, third: 0, fourth: 0, fifth: 0))
    return values.isEmpty ? hash : add(values, 0..<values.count, to: hash)
  }

  /// The hash of a touch's tuple together with a conversion's.
  func hash(credited touch: Hash128, _ conversion: Hash128) -> Hash128 {
    hash(
      InlineWords(
        tag: FieldTag.credited, first: touch.high, second: touch.low, third: conversion.high,
        fourth: conversion.low, fifth: 0))
  }

  /// The hash of a name that stands behind others.
  func hash(_ name: BorrowedBytes, at index: Int, behind others: Hash128) -> Hash128 {
    let name = hash(name)
    return hash(
      InlineWords(
        tag: FieldTag.firstName + UInt64(truncatingIfNeeded: index), first: others.high,
        second: others.low, third: name.high, fourth: name.low, fifth: 0))
  }

  @inline(never)
  private func add(
    _ values: ConfiguredValues, _ range: Range<Int>, to hash: Hash128
  ) -> Hash128 {
    var hash = hash
    for index in range where !values[index].isEmpty {
      hash = self.hash(values[index], at: index - range.lowerBound, behind: hash)
    }
    return hash
  }

  /// Tells apart what is hashed word by word. `BusyUsers` has 0 and 1.
  private enum FieldTag {
    static let unattributed: UInt64 = 2
    static let credited: UInt64 = 3
    static let firstName: UInt64 = 16
  }
}
