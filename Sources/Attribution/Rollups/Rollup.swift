/// An exact sum of amounts, in micros: an amount fits 64 bits, a sum of several may not.
public typealias MicrosSum = Int128

/// What a rollup counts. Credits and revenues run parallel to the definitions' models.
public struct RollupSums: Equatable, Sendable {
  public var impressions: Int64 = 0
  public var clicks: Int64 = 0
  public var users: Int64 = 0
  public var sessions: Int64 = 0
  public var spend: MicrosSum = 0
  /// Conversions in millionths, one per model. 64 bits hold nine billion million of them.
  public var credits: [Int64]
  /// Revenue in micros, one per model.
  public var revenues: [MicrosSum]

  public init(modelCount: Int) {
    credits = Array(repeating: 0, count: modelCount)
    revenues = Array(repeating: 0, count: modelCount)
  }

  public var isZero: Bool {
    impressions == 0 && clicks == 0 && users == 0 && sessions == 0 && spend == 0
      && credits.allSatisfy { $0 == 0 } && revenues.allSatisfy { $0 == 0 }
  }

  /// Adds `delta` field by field, exactly.
  public mutating func add(_ delta: RollupSums) {
    impressions += delta.impressions
    clicks += delta.clicks
    users += delta.users
    sessions += delta.sessions
    spend += delta.spend
    for index in credits.indices {
      credits[index] += delta.credits[index]
      revenues[index] += delta.revenues[index]
    }
  }
}

extension RollupSums {
  /// From a row in the order of `SumsLayout`.
  public init(
    columns: some RandomAccessCollection<some FixedWidthInteger & SignedInteger>, modelCount: Int
  ) {
    self.init(modelCount: modelCount)
    let layout = SumsLayout(modelCount: modelCount)
    let columns = Array(columns)
    impressions = Int64(columns[SumsLayout.impressions])
    clicks = Int64(columns[SumsLayout.clicks])
    users = Int64(columns[SumsLayout.users])
    sessions = Int64(columns[SumsLayout.sessions])
    spend = MicrosSum(columns[SumsLayout.spend])
    for model in 0..<modelCount {
      credits[model] = Int64(columns[layout.credit(model)])
      revenues[model] = MicrosSum(columns[layout.revenue(model)])
    }
  }

  /// The sums as a row, in the order of `SumsLayout`.
  public var columns: [Int128] {
    let layout = SumsLayout(modelCount: credits.count)
    var columns = [Int128](repeating: 0, count: layout.width)
    columns[SumsLayout.impressions] = Int128(impressions)
    columns[SumsLayout.clicks] = Int128(clicks)
    columns[SumsLayout.users] = Int128(users)
    columns[SumsLayout.sessions] = Int128(sessions)
    columns[SumsLayout.spend] = spend
    for model in credits.indices {
      columns[layout.credit(model)] = Int128(credits[model])
      columns[layout.revenue(model)] = revenues[model]
    }
    return columns
  }

  /// Lends the sums as a row, and once more in full if one of them does not fit 64 bits.
  public func withRow<Result>(
    _ body: (UnsafeBufferPointer<Int64>, UnsafeBufferPointer<Int128>?) throws -> Result
  ) rethrows -> Result {
    let columns = columns
    let isWide = columns.contains { Int64(exactly: $0) == nil }
    return try columns.map { Int64(truncatingIfNeeded: $0) }.withUnsafeBufferPointer { sums in
      try columns.withUnsafeBufferPointer { try body(sums, isWide ? $0 : nil) }
    }
  }

  /// Lends the row as parts that each fit 64 bits and add up to it: one, but for sums beyond that.
  public static func forEachPart(
    of columns: [Int128], _ body: (UnsafeBufferPointer<Int64>) throws -> Void
  ) rethrows {
    var rest = columns
    repeat {
      let part = rest.map { Int64(clamping: $0) }
      for index in rest.indices { rest[index] -= Int128(part[index]) }
      try part.withUnsafeBufferPointer(body)
    } while rest.contains { $0 != 0 }
  }
}

/// Which bucket of which view: the identity of a rollup.
///
/// Names are compared by their bytes: two spellings of one character are two names.
public struct RollupKey: Hashable, Sendable {
  public var view: String
  /// One value per dimension of the view, in its order; a missing value is "".
  public var dimensions: [String]
  public var windowStart: Milliseconds

  public init(view: String, dimensions: [String], windowStart: Milliseconds) {
    self.view = view
    self.dimensions = dimensions
    self.windowStart = windowStart
  }

  public static func == (left: RollupKey, right: RollupKey) -> Bool {
    left.windowStart == right.windowStart && left.view.utf8.elementsEqual(right.view.utf8)
      && left.dimensions.elementsEqual(right.dimensions) { $0.utf8.elementsEqual($1.utf8) }
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(windowStart)
    for value in dimensions {
      for byte in value.utf8 { hasher.combine(byte) }
    }
  }
}

/// One published rollup (contract, section 5).
public struct Rollup: Equatable, Sendable {
  public var key: RollupKey
  /// Exclusive end of the window.
  public var windowEnd: Milliseconds
  public var sums: RollupSums
  /// Whether the watermark of every task has passed the window's end.
  public var isFinal: Bool
  /// Counts up with each publication of the key, from 1.
  public var revision: Int64
  /// The least watermark of all tasks at publication; nil before every task has one.
  public var watermark: Milliseconds?

  public init(
    key: RollupKey, windowEnd: Milliseconds, sums: RollupSums, isFinal: Bool = false,
    revision: Int64 = 0, watermark: Milliseconds? = nil
  ) {
    self.key = key
    self.windowEnd = windowEnd
    self.sums = sums
    self.isFinal = isFinal
    self.revision = revision
    self.watermark = watermark
  }
}
