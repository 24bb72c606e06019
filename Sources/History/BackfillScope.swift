import Attribution

/// What a backfill fills for the past, from the events that are counted already.
public struct BackfillScope: Codable, Equatable, Sendable {
  /// By name; nil for all.
  public var views: Set<String>?
  /// Whose credits and revenues, in the attributions as well; nil for all numbers.
  public var models: Set<Model>?

  public init(views: Set<String>? = nil, models: Set<Model>? = nil) {
    self.views = views
    self.models = models
  }
}
