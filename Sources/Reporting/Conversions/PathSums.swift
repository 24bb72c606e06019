import Attribution

/// Which ways led to conversions, and how long they took.
public struct PathSums: Sendable {
  /// Conversions that came the same way.
  public struct Path: Sendable {
    /// Names of one dimension, in order of time; the same one several times in a row is one step.
    public let steps: [String]
    public internal(set) var count = 0
    public internal(set) var value = MicrosSum(0)
    var delays: [Milliseconds] = []

    /// The middle time from the first touch to the conversion.
    public var medianDelay: Milliseconds { delays.median ?? 0 }
  }

  /// Where times to conversion are counted: up to so long, and the rest.
  public static let bounds: [Milliseconds] = [
    60_000, 300_000, 1_800_000, 3_600_000, 21_600_000, 86_400_000, 259_200_000, 604_800_000,
    2_592_000_000,
  ]
  /// Paths with more steps count with their first and last ones, and "…" between them.
  private static let stepLimit = 8

  /// Most conversions first; equal ones by their steps.
  public private(set) var paths: [Path] = []
  public private(set) var count = 0
  public private(set) var unattributedCount = 0
  /// How many conversions took up to each bound, and longer than the last.
  public private(set) var delayCounts = [Int](repeating: 0, count: bounds.count + 1)
  public private(set) var medianDelay: Milliseconds?

  /// - Parameters:
  ///   - dimension: one of `HeldConversion.dimensions`.
  ///   - check: called now and then; what it throws ends the work.
  public init(
    _ conversions: some Sequence<HeldConversion>, by dimension: Dimension, check: () throws -> Void
  ) rethrows {
    let place = HeldConversion.dimensions.firstIndex(of: dimension) ?? 0
    var found: [[String]: Path] = [:]
    var delays: [Milliseconds] = []
    for conversion in conversions {
      if count & 255 == 0 { try check() }
      count += 1
      guard let delay = conversion.delay else {
        unattributedCount += 1
        continue
      }
      let steps = Self.steps(of: conversion, place)
      found[steps, default: Path(steps: steps)].add(conversion, delay)
      delays.append(delay)
      delayCounts[Self.bounds.firstIndex { delay <= $0 } ?? Self.bounds.count] += 1
    }
    medianDelay = delays.median
    paths = found.values.sorted {
      $0.count == $1.count ? $0.steps.precedesByBytes($1.steps) : $0.count > $1.count
    }
  }

  private static func steps(of conversion: HeldConversion, _ place: Int) -> [String] {
    var steps: [String] = []
    for touch in conversion.touches where steps.last != touch.names[place] {
      steps.append(touch.names[place])
    }
    guard steps.count > stepLimit else { return steps }
    return Array(steps.prefix(stepLimit / 2)) + ["…"] + steps.suffix(stepLimit / 2 - 1)
  }
}

extension PathSums.Path {
  init(steps: [String]) { self.steps = steps }

  mutating func add(_ conversion: HeldConversion, _ delay: Milliseconds) {
    count += 1
    value += MicrosSum(conversion.value)
    delays.append(delay)
  }
}

extension [Milliseconds] {
  /// The middle one, of two middle ones the lower; nil for none.
  fileprivate var median: Milliseconds? { isEmpty ? nil : sorted()[(count - 1) / 2] }
}
