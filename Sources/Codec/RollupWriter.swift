// Safety: names and sums are lent by the caller for one call.

import Attribution

/// Writes the record values of many rollups (contract, section 5): what a value has in common with the
/// one before is not formatted again.
public struct RollupWriter {
  /// The value written last: one line of JSON, fields in the contract's order.
  public private(set) var bytes: [UInt8] = []

  /// The parts of a view's values that are always the same.
  private struct Frame {
    /// From the brace that opens the record to the one that opens the dimensions.
    var head: [UInt8] = []
    /// Before each dimension's value.
    var labels: [[UInt8]] = []

    init(_ view: View) {
      head.append(#"{"view":"#)
      head.appendJSONString(view.name)
      head.append(#","dimensions":{"#)
      labels = view.dimensions.enumerated().map { index, dimension in
        var label: [UInt8] = index == 0 ? [] : [ASCII.comma]
        label.appendJSONString(dimension.rawValue)
        label.append(ASCII.colon)
        return label
      }
    }
  }

  private let layout: SumsLayout
  private let frames: [Frame]
  /// From the last dimension's value to the number of impressions, for the window written last.
  private var window: [UInt8] = []
  private var windowTimes: (start: Milliseconds, end: Milliseconds)?
  /// Before each model's number.
  private let modelLabels: [[UInt8]]
  /// From the spend to the flag for finality.
  private let currency: [UInt8]
  /// From the revision to the end.
  private var tail: [UInt8] = []
  private var tailWatermark: Milliseconds??
  private var unescaped: [UInt8] = []

  /// - Parameter definitions: whose views, models and currency the rollups are in.
  public init(definitions: Definitions) {
    layout = SumsLayout(modelCount: definitions.models.count)
    frames = definitions.views.map(Frame.init)
    modelLabels = definitions.models.enumerated().map { index, model in
      var label: [UInt8] = index == 0 ? [] : [ASCII.comma]
      label.appendJSONString(model.rawValue)
      label.append(#":""#)
      return label
    }
    var currency: [UInt8] = []
    currency.append(#"","currency":"#)
    currency.appendJSONString(definitions.currency)
    currency.append(#","final":"#)
    self.currency = currency
  }

  /// Replaces `bytes` by a rollup's value.
  public mutating func write(_ rollup: RollupRevision) {
    frame(rollup)
    bytes.removeAll(keepingCapacity: true)
    append(rollup.names, frames[rollup.view])
    bytes.append(contentsOf: window)
    bytes.appendDecimal(rollup.sums[SumsLayout.impressions])
    bytes.append(#","clicks":"#)
    bytes.appendDecimal(rollup.sums[SumsLayout.clicks])
    bytes.append(#","users":"#)
    bytes.appendDecimal(rollup.sums[SumsLayout.users])
    bytes.append(#","sessions":"#)
    bytes.appendDecimal(rollup.sums[SumsLayout.sessions])
    bytes.append(#","conversions":{"#)
    append(rollup.sums[layout.credit(0)..<layout.revenue(0)])
    bytes.append(#"},"revenue":{"#)
    append(rollup.sums[layout.revenue(0)..<layout.width])
    bytes.append(#"},"spend":""#)
    Money.append(rollup.sums[SumsLayout.spend], to: &bytes)
    bytes.append(contentsOf: currency)
    bytes.append(rollup.isFinal ? #"true,"revision":"# : #"false,"revision":"#)
    bytes.appendDecimal(rollup.number)
    bytes.append(contentsOf: tail)
  }

  /// Formats the times, where they are not those of the rollup before.
  private mutating func frame(_ rollup: RollupRevision) {
    if windowTimes?.start != rollup.windowStart || windowTimes?.end != rollup.windowEnd {
      windowTimes = (rollup.windowStart, rollup.windowEnd)
      window.removeAll(keepingCapacity: true)
      window.append(#"},"window_start":"#)
      window.appendJSONSeconds(rollup.windowStart)
      window.append(#","window_end":"#)
      window.appendJSONSeconds(rollup.windowEnd)
      window.append(#","impressions":"#)
    }
    if tailWatermark != .some(rollup.watermark) {
      tailWatermark = .some(rollup.watermark)
      tail.removeAll(keepingCapacity: true)
      tail.append(#","watermark":"#)
      if let watermark = rollup.watermark {
        tail.appendJSONMilliseconds(watermark)
      } else {
        tail.append("null")
      }
      tail.append(ASCII.closeBrace)
    }
  }

  private mutating func append(_ sums: Slice<UnsafeBufferPointer<Int64>>) {
    for (label, sum) in zip(modelLabels, sums) {
      bytes.append(contentsOf: label)
      Money.append(sum, to: &bytes)
      bytes.append(ASCII.quote)
    }
  }

  // MARK: Names

  /// Appends the view and the dimensions. `names` spells the values as a record key does.
  private mutating func append(_ names: BorrowedBytes, _ frame: Frame) {
    bytes.append(contentsOf: frame.head)
    var start = 0
    for label in frame.labels {
      bytes.append(contentsOf: label)
      var end = start
      var isPlain = true
      while end < names.count, names[end] != ASCII.bar {
        if names[end] == ASCII.percent { isPlain = false }
        end += 1
      }
      append(
        UnsafeRawBufferPointer(rebasing: names.buffer[start..<end]), isPlain: isPlain)
      start = min(end + 1, names.count)
    }
  }

  /// Appends a name as a JSON string. What needs no percent-encoding needs no escaping.
  private mutating func append(_ name: UnsafeRawBufferPointer, isPlain: Bool) {
    guard !isPlain else {
      bytes.append(ASCII.quote)
      bytes.append(contentsOf: name)
      bytes.append(ASCII.quote)
      return
    }
    unescaped.removeAll(keepingCapacity: true)
    PercentEncoding.appendDecoded(name, to: &unescaped)
    unescaped.withUnsafeBytes { bytes.appendJSONString(BorrowedBytes($0)) }
  }
}
