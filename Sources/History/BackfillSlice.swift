import Attribution

/// A slice of event time that is recomputed at once, and how far around it one must look.
struct BackfillSlice {
  /// Late events from here to before `to` are counted.
  let from: Milliseconds
  let to: Milliseconds
  /// The farthest that an event reaches: a touch to a conversion, or an event within its window.
  let dependencySpan: Milliseconds
  /// Windows that lie in here are compared: whatever an event of the slice can change.
  let windows: Range<Milliseconds>
  /// Events that can be part of such a window.
  let events: Range<Milliseconds>
  private let lookback: Milliseconds

  init(from: Milliseconds, to: Milliseconds, _ definitions: Definitions) {
    self.from = from
    self.to = to
    let lookback = max(definitions.lookback, definitions.impressionLookback)
    self.lookback = lookback
    dependencySpan = BackfillSlice.dependencySpan(definitions)
    var first = from
    var last = to
    for view in definitions.views {
      first = min(first, view.windowStart(of: from - lookback))
      last = max(last, view.windowStart(of: to + lookback) + view.periodMilliseconds)
    }
    windows = first..<last
    // A conversion's credit may lie a look-back before it, and so may its touches.
    events = (first - lookback)..<(last + lookback)
  }

  static func dependencySpan(_ definitions: Definitions) -> Milliseconds {
    max(
      definitions.lookback, definitions.impressionLookback,
      definitions.views.map(\.periodMilliseconds).max() ?? 0)
  }

  /// Conversions that an event of the slice can change.
  var conversions: Range<Milliseconds> { from..<(to + lookback + 1) }

  func contains(windowFrom start: Milliseconds, of view: View) -> Bool {
    windows.contains(start) && start + view.periodMilliseconds <= windows.upperBound
  }

  /// Whole days, the first and the last as far as they belong to it.
  static func days(from: Milliseconds, to: Milliseconds) -> [Range<Milliseconds>] {
    let day: Milliseconds = 86_400_000
    var days: [Range<Milliseconds>] = []
    var start = from
    while start < to {
      let midnight = View(name: "", dimensions: [], periodMilliseconds: day).windowStart(of: start)
      days.append(start..<min(to, midnight + day))
      start = midnight + day
    }
    return days
  }
}
