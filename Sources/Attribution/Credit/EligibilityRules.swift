/// Which touches may earn credit, and how long after they happened (contract, section 4).
struct EligibilityRules: Sendable {
  let preferClicks: Bool
  /// Of more eligible touches than this, the last ones count.
  let maxTouches: Int
  private let clickLookback: Milliseconds?
  private let impressionLookback: Milliseconds?

  init(_ definitions: Definitions) {
    preferClicks = definitions.preferClicks
    maxTouches = max(1, definitions.maxTouches)
    clickLookback = definitions.touchKinds.contains(.click) ? definitions.lookback : nil
    impressionLookback =
      definitions.touchKinds.contains(.impression) ? definitions.impressionLookback : nil
  }

  /// The look-back of a kind of touch; nil if it earns nothing.
  func lookback(of kind: EventKind) -> Milliseconds? {
    switch kind {
    case .click: clickLookback
    case .impression: impressionLookback
    case .conversion, .cost: nil
    }
  }

  var longestLookback: Milliseconds { max(clickLookback ?? 0, impressionLookback ?? 0) }
}
