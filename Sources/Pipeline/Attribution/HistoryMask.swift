// Safety: masked sums are lent for one call, in room on the stack that has a place for each.

import Attribution

/// Leaves to backfills what is theirs: windows that start before the `since` of their view, and in windows
/// that start before a model's the credits under that model.
struct HistoryMask {
  private let viewStarts: [Milliseconds]
  private let modelStarts: [Milliseconds]
  /// From here on all models are credited.
  private let allModels: Milliseconds
  /// From here on nothing is left to backfills.
  private let everything: Milliseconds
  private let layout: SumsLayout

  init(_ definitions: Definitions) {
    viewStarts = definitions.views.map { $0.since ?? .min }
    modelStarts = definitions.modelStarts
    allModels = modelStarts.max() ?? .min
    everything = max(allModels, viewStarts.max() ?? .min)
    layout = SumsLayout(modelCount: modelStarts.count)
  }

  /// Calls `body` with what the stream counts of a delta, if it is anything.
  @inline(__always)
  func withCounted(of delta: RollupDelta, _ body: (RollupDelta) throws -> Void) rethrows {
    if delta.windowStart >= everything { return try body(delta) }
    try withMasked(delta, body)
  }

  @inline(never)
  private func withMasked(_ delta: RollupDelta, _ body: (RollupDelta) throws -> Void) rethrows {
    guard delta.windowStart >= viewStarts[delta.view] else { return }
    guard delta.windowStart < allModels else { return try body(delta) }
    try withUnsafeTemporaryAllocation(of: Int64.self, capacity: layout.width) { sums in
      _ = sums.initialize(from: delta.sums)
      // An event has counted in the window, and its sums are zero for all that.
      let isNothing = !sums.contains { $0 != 0 }
      for (model, start) in modelStarts.enumerated() where delta.windowStart < start {
        for column in layout.columns(of: model) { sums[column] = 0 }
      }
      guard isNothing || sums.contains(where: { $0 != 0 }) else { return }
      var counted = delta
      counted.sums = UnsafeBufferPointer(sums)
      try body(counted)
    }
  }
}
