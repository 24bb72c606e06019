import Attribution
import Codec
import Inputs

/// The rollups of a partition that may still be wanted, gathered while it is unknown how far finality
/// had come: the record that says so stands at the end of the topic.
///
/// Every rollup names the watermark at its publication, which finality has passed since. A sample of
/// those keeps what is held in bounds, however long the topic's history is.
struct FoundRollups {
  private struct Found {
    var key: [UInt8]
    var value: [UInt8]
    var windowEnd: Milliseconds
  }

  private static let samplingInterval = 64
  private static let leastPruned = 4_096

  private let codec: RollupCodec
  private let forms: PublishedForms
  private var found: [Found] = []
  private var seen = 0
  private var pruneAt = leastPruned
  private var watermark = Watermark.unknown
  /// About how many bytes are held: of each array its bytes and 32 more.
  private(set) var byteCount = 0

  init(_ codec: RollupCodec, _ forms: PublishedForms) {
    self.codec = codec
    self.forms = forms
  }

  /// Whether enough has changed to look at `byteCount`.
  var isMeasuringDue: Bool { seen % 1_024 == 0 }

  /// - Parameter forgettable: through where windows can be forgotten once finality has come to a mark.
  mutating func add(
    _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, windowEnd: Milliseconds,
    forgettable: (Watermark) -> Watermark
  ) throws {
    seen += 1
    if seen % FoundRollups.samplingInterval == 0,
      let time = try forms.rollup(value, codec).watermark
    {
      watermark = max(watermark, Watermark(time))
    }
    guard windowEnd > forgettable(watermark).time else { return }
    found.append(Found(key: Array(key), value: Array(value), windowEnd: windowEnd))
    byteCount += FoundRollups.bytes(found[found.count - 1])
    if found.count >= pruneAt {
      let mark = forgettable(watermark)
      found.removeAll { $0.windowEnd <= mark.time }
      byteCount = found.reduce(0) { $0 + FoundRollups.bytes($1) }
      pruneAt = max(FoundRollups.leastPruned, 2 * found.count)
    }
  }

  private static func bytes(_ rollup: Found) -> Int {
    MemoryLayout<Found>.stride + rollup.key.count + rollup.value.count + 64
  }

  /// Visits keys and values in the order of the topic.
  func visit(
    _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws -> Void
  ) rethrows {
    for rollup in found {
      try rollup.key.withUnsafeBytes { key in
        try rollup.value.withUnsafeBytes { value in try body(key, value) }
      }
    }
  }
}
