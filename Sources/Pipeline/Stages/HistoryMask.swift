// Safety: masked sums are lent for one call, while the array that holds them is not changed.

import Attribution

/// Leaves to backfills what is theirs: windows that start before the `since` of their view, and in windows
/// that start before a model's the credits under that model.
struct HistoryMask {
  private let viewStarts: [Milliseconds]
  private let modelStarts: [Milliseconds]
  /// From here on all models are credited.
  private let allModels: Milliseconds
  private let layout: SumsLayout
  private var sums: [Int64]

  init(_ definitions: Definitions) {
    viewStarts = definitions.views.map { $0.since ?? .min }
    modelStarts = definitions.modelStarts
    allModels = modelStarts.max() ?? .min
    layout = SumsLayout(modelCount: modelStarts.count)
    sums = Array(repeating: 0, count: layout.width)
  }

  /// Calls `body` with what the stream counts of a delta, if it is anything.
  mutating func withCounted(of delta: RollupDelta, _ body: (RollupDelta) throws -> Void) rethrows {
    guard delta.windowStart >= viewStarts[delta.view] else { return }
    guard delta.windowStart < allModels else { return try body(delta) }
    for index in sums.indices { sums[index] = delta.sums[index] }
    for (model, start) in modelStarts.enumerated() where delta.windowStart < start {
      for column in layout.columns(of: model) { sums[column] = 0 }
    }
    guard sums.contains(where: { $0 != 0 }) else { return }
    try sums.withUnsafeBufferPointer { sums in
      var counted = delta
      counted.sums = sums
      try body(counted)
    }
  }
}
