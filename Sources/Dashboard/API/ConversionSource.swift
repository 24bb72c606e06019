import Reporting

/// Finds one conversion's journey.
public protocol ConversionSource: Sendable {
  /// Nil when no such conversion was accepted.
  func story(of conversionID: String) throws -> ConversionStory?
}
