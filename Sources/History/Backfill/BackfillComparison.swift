import Attribution
import Codec
import Pipeline

/// Compares what is published of a slice with what it comes to: a function of both, which changes neither.
struct BackfillComparison {
  /// By how much a window's sums change.
  typealias WindowChange = (window: WindowSums.Window, delta: [Int128])

  private let definitions: Definitions
  private let scope: BackfillScope?
  /// The number of the Avro schema in which attributions are published; nil for JSON.
  private let schema: Int32?
  /// Windows that end at or before this are changed by no task any more.
  private let expiredThrough: Milliseconds
  private let layout: SumsLayout
  /// Which of a window's numbers are brought up to date.
  private let columnsFilled: [Bool]

  /// - Parameters:
  ///   - retentionMarks: of every task; a task without one may still change any window.
  ///   - schema: the number of the Avro schema in which attributions are published; nil for JSON.
  init(
    _ definitions: Definitions, _ scope: BackfillScope?, tasks: [TaskID],
    retentionMarks: [TaskID: Watermark], schema: Int32?
  ) {
    self.schema = schema
    self.definitions = definitions
    self.scope = scope
    layout = SumsLayout(modelCount: definitions.models.count)
    columnsFilled = Self.columnsFilled(definitions, scope, layout)
    if tasks.allSatisfy({ retentionMarks[$0] != nil }), let least = retentionMarks.values.min() {
      expiredThrough =
        least.moved(back: definitions.correctionHorizon)
        .moved(back: BackfillSlice.dependencySpan(definitions)).time
    } else {
      expiredThrough = .min
    }
  }

  private static func columnsFilled(
    _ definitions: Definitions, _ scope: BackfillScope?, _ layout: SumsLayout
  ) -> [Bool] {
    guard let models = scope?.models else { return Array(repeating: true, count: layout.width) }
    var isFilled = [Bool](repeating: false, count: layout.width)
    for (index, model) in definitions.models.enumerated() where models.contains(model) {
      for column in layout.columns(of: index) { isFilled[column] = true }
    }
    return isFilled
  }

  /// By what each window has to change, the oldest window first, and how many windows were compared.
  func changes(
    of recomputation: Recomputation, _ published: WindowSums
  ) -> (changes: [WindowChange], comparedCount: Int) {
    let slice = recomputation.slice
    var windows: [[UInt8]: WindowSums.Window] = [:]
    for sums in [recomputation.before, recomputation.after, published] {
      for window in sums.windows
      where slice.contains(windowFrom: window.start, of: definitions.views[window.view])
        && scope?.views?.contains(definitions.views[window.view].name) ?? true
      {
        windows[window.key] = window
      }
    }
    let changes = windows.values.compactMap { window -> WindowChange? in
      let former = former(of: window, recomputation, published)
      let after = recomputation.after[window.key]
      let delta = after.indices.map { columnsFilled[$0] ? after[$0] - former[$0] : 0 }
      return delta.allSatisfy { $0 == 0 } ? nil : (window, delta)
    }
    let sorted = changes.sorted { left, right in
      if left.window.start != right.window.start { return left.window.start < right.window.start }
      return left.window.key.lexicographicallyPrecedes(right.window.key)
    }
    return (sorted, windows.count)
  }

  /// What a window's numbers are measured by: what is published where only backfills still write, else
  /// what has been counted.
  private func former(
    of window: WindowSums.Window, _ recomputation: Recomputation, _ published: WindowSums
  ) -> [Int128] {
    let view = definitions.views[window.view]
    let published = published[window.key]
    let isOurs =
      window.start + view.periodMilliseconds <= expiredThrough
      || window.start < view.since ?? .min
    if isOurs { return published }
    var former = recomputation.before[window.key]
    for (model, start) in definitions.modelStarts.enumerated() where window.start < start {
      for column in layout.columns(of: model) { former[column] = published[column] }
    }
    return former
  }

  /// A window's change, for the result.
  ///
  /// - Parameter former: what is published.
  func change(_ change: WindowChange, _ former: [Int128]) -> BackfillResult.Change {
    let view = definitions.views[change.window.view]
    let count = definitions.models.count
    // The key is our own spelling of a view's names.
    let key = try! RollupKeyCodec.decode(
      change.window.key, dimensionCount: view.dimensions.count)
    return BackfillResult.Change(
      key: key, before: RollupSums(columns: former, modelCount: count),
      after: RollupSums(columns: zip(former, change.delta).map { $0 + $1 }, modelCount: count))
  }

  /// A conversion's attribution, if it is not published like this already.
  func correction(
    of conversion: CreditedConversion, _ published: PublishedSlice
  ) -> ChangedAttribution? {
    let former = published.attribution(of: conversion.conversionID)
    var conversion = conversion
    conversion.revision = (former?.revision ?? 0) + 1
    func bytes(schema: Int32?) -> [UInt8] {
      var bytes: [UInt8] = []
      AttributionCodec.encode(
        conversion, models: definitions.models, currency: definitions.currency, schema: schema,
        into: &bytes)
      return bytes
    }
    let json = bytes(schema: nil)
    guard json.withUnsafeBytes({ published.content(ofAttribution: $0) }) != former?.content else {
      return nil
    }
    return ChangedAttribution(
      id: Array(conversion.conversionID.buffer), json: json,
      value: schema == nil ? json : bytes(schema: schema), revision: conversion.revision)
  }
}

/// An attribution's record that is to be published.
struct ChangedAttribution {
  /// The conversion's.
  let id: [UInt8]
  /// What is compared.
  let json: [UInt8]
  /// What is sent.
  let value: [UInt8]
  let revision: Int64
}
