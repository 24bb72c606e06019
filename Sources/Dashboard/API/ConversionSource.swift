import Reporting

/// Finds one conversion's journey.
public protocol ConversionSource: Sendable {
  /// Nil when no such conversion was accepted.
  ///
  /// - Parameter check: called now and then; what it throws ends the look-up.
  func explanation(
    of conversionID: String, check: @escaping () throws -> Void
  ) throws -> ConversionExplanation?
}
