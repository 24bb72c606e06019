import Reporting

/// Finds one conversion's journey.
public protocol ConversionSource: Sendable {
  /// Nil when no such conversion was accepted.
  func explanation(of conversionID: String) throws -> ConversionExplanation?
}
