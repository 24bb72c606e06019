import Attribution

/// Which rollups to sum, and how.
public struct RollupQuery: Sendable {
  public var view: String
  /// Start times of the windows that count.
  public var range: Range<Milliseconds>
  /// Starts of the spans of time to sum over, ascending, the first at or before the range's. Windows
  /// belong to the last span that starts at or before them. Nil is one span: the range.
  public var spans: [Milliseconds]?
  /// Group by these of the view's dimensions; nil is all of them, none is one total.
  public var dimensions: [Dimension]?
  /// Leave out what has other values than these of the view's dimensions.
  public var filters: [DimensionFilter]
  /// Leave out windows that end after this; nil leaves out none.
  public var closedThrough: Milliseconds?

  public init(
    view: String, range: Range<Milliseconds>, spans: [Milliseconds]? = nil,
    dimensions: [Dimension]? = nil, filters: [DimensionFilter] = [],
    closedThrough: Milliseconds? = nil
  ) {
    self.view = view
    self.range = range
    self.spans = spans
    self.dimensions = dimensions
    self.filters = filters
    self.closedThrough = closedThrough
  }
}
