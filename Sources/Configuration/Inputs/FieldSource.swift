/// What a field is filled from.
public struct FieldSource: Sendable, Equatable {
  /// The first that is there counts. None: the field is always `fallback`.
  public var paths: [FieldPath]
  /// The text of a constant, or of what stands in for an absent value; nil for none.
  public var fallback: String?
  /// How a time is written; nil as everywhere: RFC 3339 or milliseconds.
  public var timeForm: TimeForm?

  public init(paths: [FieldPath], fallback: String? = nil, timeForm: TimeForm? = nil) {
    self.paths = paths
    self.fallback = fallback
    self.timeForm = timeForm
  }

  /// Whether the field has the same value in every record.
  public var isConstant: Bool { paths.isEmpty }
}

/// How the times of a field are written.
public enum TimeForm: Sendable, Equatable {
  /// A number since the epoch.
  case unit(TimeUnit)
  /// Text in a form of strptime(3), in an IANA time zone unless it has an offset.
  case pattern(String, timezone: String)
}

/// The unit of a number since the epoch.
public enum TimeUnit: String, CaseIterable, Sendable {
  case seconds = "s"
  case milliseconds = "ms"
  case microseconds = "us"
  case nanoseconds = "ns"
}
