import Attribution

/// Records of an input that were gone before they were read: retention, or somebody, deleted them.
public struct LostRange: Hashable, Sendable {
  public var topic: String
  public var partition: Int32
  /// The first offset that is missing.
  public var from: Int64
  /// The offset behind the last that is missing.
  public var to: Int64
  /// The largest event time of the input before the gap; nil when there was none.
  public var after: Milliseconds?
  /// The timestamp of the first record behind the gap; nil when there was none yet.
  public var before: Milliseconds?

  public init(
    topic: String, partition: Int32, from: Int64, to: Int64, after: Milliseconds?,
    before: Milliseconds?
  ) {
    self.topic = topic
    self.partition = partition
    self.from = from
    self.to = to
    self.after = after
    self.before = before
  }

  /// How many records are missing at most: control records of transactions count too.
  public var count: Int64 { to - from }

  /// Whether numbers of `range` may miss something: what was lost may have been as old as the
  /// correction horizon before `after`, and as young as `before`.
  public func mayTouch(_ range: Range<Milliseconds>, correctionHorizon: Milliseconds) -> Bool {
    let earliest = after.map { $0.subtractingReportingOverflow(correctionHorizon).partialValue }
    return (earliest ?? .min) < range.upperBound && (before ?? .max) >= range.lowerBound
  }
}

extension JSONWriter {
  /// Writes a range of input that was gone before it was read, with the fields of `@progress` records.
  package mutating func lostRange(_ range: LostRange) {
    object { output in
      output.field("topic", range.topic)
      output.field("partition", Int64(range.partition))
      output.field("from", range.from)
      output.field("to", range.to)
      if let after = range.after { output.field("after", Time.formatMilliseconds(after)) }
      if let before = range.before { output.field("before", Time.formatMilliseconds(before)) }
    }
  }
}
