// Safety: names and sums are lent by the caller for one call.

import Attribution

/// Writes the record values of many rollups (contract, section 5): what a value has in common with the
/// one before is not formatted again.
public struct RollupWriter: ~Copyable {
  private var record = RecordBuffer(capacity: 1_024)
  private let layout: SumsLayout
  /// By view: from the brace that opens the record to the one that opens the dimensions.
  private var heads = StringPool()
  /// Before each dimension's value, view by view.
  private var dimensionLabels = StringPool()
  /// The labels of each view's dimensions.
  private var labelRanges: [Range<Int>] = []
  /// From the last dimension's value to the number of impressions, for the window written last.
  private var window = RecordBuffer()
  private var windowTimes: (start: Milliseconds, end: Milliseconds)?
  /// Before each model's number.
  private var modelLabels = StringPool()
  /// From the spend to the flag for finality.
  private var currency = RecordBuffer(capacity: 64)
  /// From the revision to the end.
  private var tail = RecordBuffer(capacity: 64)
  private var tailWatermark: Milliseconds??
  private var unescaped: [UInt8] = []
  /// What is written in place of JSON; nil for JSON.
  private let avro: RollupAvroForm?

  /// - Parameters:
  ///   - definitions: whose views, models and currency the rollups are in.
  ///   - schema: the number of the Avro schema to write by; nil for JSON.
  public init(definitions: Definitions, schema: Int32? = nil) {
    if let schema { avro = RollupAvroForm(definitions, schema: schema) } else { avro = nil }
    layout = SumsLayout(modelCount: definitions.models.count)
    for view in definitions.views { add(view) }
    for (index, model) in definitions.models.enumerated() {
      modelLabels.append { label in
        if index > 0 { label.put(ASCII.comma) }
        label.put(json: model.rawValue)
        label.put(#":""#)
      }
    }
    currency.put(#"","currency":"#)
    currency.put(json: definitions.currency)
    currency.put(#","final":"#)
  }

  private mutating func add(_ view: View) {
    heads.append { head in
      head.put(#"{"view":"#)
      head.put(json: view.name)
      head.put(#","dimensions":{"#)
    }
    let first = dimensionLabels.count
    for (index, dimension) in view.dimensions.enumerated() {
      dimensionLabels.append { label in
        if index > 0 { label.put(ASCII.comma) }
        label.put(json: dimension.rawValue)
        label.put(ASCII.colon)
      }
    }
    labelRanges.append(first..<dimensionLabels.count)
  }

  /// The value written last, valid until the next: one line of JSON, or Avro, fields in the contract's order.
  public var bytes: UnsafeRawBufferPointer { record.bytes }

  /// Replaces the value by a rollup's.
  public mutating func write(_ rollup: RollupRevision) {
    record.removeAll()
    if avro != nil {
      avro!.put(rollup, layout, &unescaped, into: &record)
    } else {
      writeJSON(rollup)
    }
  }

  private mutating func writeJSON(_ rollup: RollupRevision) {
    frame(rollup)
    record.put(heads[rollup.view])
    put(rollup.names, labelRanges[rollup.view])
    record.put(window)
    record.put(decimal: rollup.sums[SumsLayout.impressions])
    record.put(#","clicks":"#)
    record.put(decimal: rollup.sums[SumsLayout.clicks])
    record.put(#","users":"#)
    record.put(decimal: rollup.sums[SumsLayout.users])
    record.put(#","sessions":"#)
    record.put(decimal: rollup.sums[SumsLayout.sessions])
    record.put(#","conversions":{"#)
    for model in 0..<layout.modelCount { put(rollup.sums[layout.credit(model)], of: model) }
    record.put(#"},"revenue":{"#)
    if let sums = rollup.wideSums {
      for model in 0..<layout.modelCount { put(sums[layout.revenue(model)], of: model) }
    } else {
      for model in 0..<layout.modelCount { put(rollup.sums[layout.revenue(model)], of: model) }
    }
    record.put(#"},"spend":""#)
    if let sums = rollup.wideSums {
      Money.put(sums[SumsLayout.spend], into: &record)
    } else {
      Money.put(rollup.sums[SumsLayout.spend], into: &record)
    }
    record.put(currency)
    record.put(rollup.isFinal ? #"true,"revision":"# : #"false,"revision":"#)
    record.put(decimal: rollup.number)
    record.put(tail)
  }

  /// Formats the times, where they are not those of the rollup before.
  private mutating func frame(_ rollup: RollupRevision) {
    if windowTimes?.start != rollup.windowStart || windowTimes?.end != rollup.windowEnd {
      windowTimes = (rollup.windowStart, rollup.windowEnd)
      window.removeAll()
      window.put(#"},"window_start":"#)
      window.put(jsonSeconds: rollup.windowStart)
      window.put(#","window_end":"#)
      window.put(jsonSeconds: rollup.windowEnd)
      window.put(#","impressions":"#)
    }
    if tailWatermark != .some(rollup.watermark) {
      tailWatermark = .some(rollup.watermark)
      tail.removeAll()
      tail.put(#","watermark":"#)
      if let watermark = rollup.watermark {
        tail.put(jsonMilliseconds: watermark)
      } else {
        tail.put("null")
      }
      tail.put(ASCII.closeBrace)
    }
  }

  private mutating func put(_ sum: Int64, of model: Int) {
    record.put(modelLabels[model])
    Money.put(sum, into: &record)
    record.put(ASCII.quote)
  }

  private mutating func put(_ sum: MicrosSum, of model: Int) {
    record.put(modelLabels[model])
    Money.put(sum, into: &record)
    record.put(ASCII.quote)
  }

  // MARK: Names

  /// Appends the dimensions. `names` spells the values as a record key does.
  private mutating func put(_ names: BorrowedBytes, _ labels: Range<Int>) {
    var start = 0
    for label in labels {
      record.put(dimensionLabels[label])
      var end = start
      var isPlain = true
      while end < names.count, names[end] != ASCII.bar {
        if names[end] == ASCII.percent { isPlain = false }
        end += 1
      }
      put(name: BorrowedBytes(start: names.start + start, count: end - start), isPlain: isPlain)
      start = min(end + 1, names.count)
    }
  }

  /// Appends a name as a JSON string. What needs no percent-encoding needs no escaping.
  private mutating func put(name: BorrowedBytes, isPlain: Bool) {
    guard !isPlain else {
      record.put(ASCII.quote)
      record.put(name)
      return record.put(ASCII.quote)
    }
    unescaped.removeAll(keepingCapacity: true)
    PercentEncoding.appendDecoded(name.buffer, to: &unescaped)
    unescaped.withUnsafeBytes { record.put(json: BorrowedBytes($0)) }
  }
}
