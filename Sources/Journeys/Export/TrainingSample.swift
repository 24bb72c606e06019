import Attribution

/// A sample of journeys to train a model with: the same for the same seed, in the proportions of all
/// journeys by length and by the channel of the session that converted.
///
/// A journey's place in the draw is a hash of seed and conversion id, so the sample does not depend on
/// the order of reading. Memory is bounded by the size of the sample and the number of strata.
package struct TrainingSample {
  /// Journeys of about the same length that converted through the same channel.
  struct Stratum: Hashable {
    var length: LengthClass
    var channel: String
  }

  /// How many sessions a journey has.
  enum LengthClass: String, CaseIterable {
    case one = "1"
    case two = "2"
    case three = "3"
    case four = "4"
    case fiveToNine = "5-9"
    case tenAndMore = "10+"

    init(_ count: Int) {
      switch count {
      case ...1: self = .one
      case 2: self = .two
      case 3: self = .three
      case 4: self = .four
      case 5...9: self = .fiveToNine
      default: self = .tenAndMore
      }
    }
  }

  private let seed: UInt64
  /// The largest hash that is still in the sample; strata without any are missing.
  private var limits: [Stratum: UInt64] = [:]
  private var population: [Stratum: Int] = [:]
  private var sampled: [Stratum: Int] = [:]
  private var sessionsByChannel: [String: (all: Int, sampled: Int)] = [:]
  private var days: Set<JourneyDay> = []

  /// Draws `size` journeys, or all if there are fewer.
  package init(
    _ source: any JourneySource, _ selection: JourneySelection, size: Int, seed: UInt64
  ) throws {
    self.seed = seed
    try source.forEachJourney(selection) { journey in
      guard let stratum = Self.stratum(journey) else { return }
      population[stratum, default: 0] += 1
      days.insert(journey.day)
      for session in journey.sessions {
        sessionsByChannel[session.channel, default: (0, 0)].all += 1
      }
    }
    let quotas = Self.quotas(population, size)
    var heaps: [Stratum: LargestFirstHeap] = [:]
    try source.forEachJourney(selection) { journey in
      guard let stratum = Self.stratum(journey), let quota = quotas[stratum], quota > 0 else {
        return
      }
      heaps[stratum, default: LargestFirstHeap(limit: quota)].insert(hash(journey.conversionID))
    }
    limits = heaps.mapValues(\.largest)
  }

  /// Whether the journey is in the sample; counts it for the summary.
  package mutating func takes(_ journey: Journey) -> Bool {
    guard let stratum = Self.stratum(journey), let limit = limits[stratum],
      hash(journey.conversionID) <= limit
    else { return false }
    sampled[stratum, default: 0] += 1
    for session in journey.sessions {
      sessionsByChannel[session.channel, default: (0, 0)].sampled += 1
    }
    return true
  }

  private static func stratum(_ journey: Journey) -> Stratum? {
    journey.sessions.last.map {
      Stratum(length: LengthClass(journey.sessions.count), channel: $0.channel)
    }
  }

  /// How many of each stratum: one of each if there are enough, the rest in proportion, by the largest
  /// remainders.
  static func quotas(_ population: [Stratum: Int], _ size: Int) -> [Stratum: Int] {
    let total = population.values.reduce(0, +)
    guard size < total else { return population }
    let strata = population.keys.sorted {
      ($0.length.rawValue, $0.channel) < ($1.length.rawValue, $1.channel)
    }
    let least = size >= strata.count ? 1 : 0
    let rest = size - least * strata.count
    let spread = total - least * strata.count
    var quotas: [Stratum: Int] = [:]
    var remainders: [(Int, Stratum)] = []
    for stratum in strata {
      let share = (population[stratum]! - least).multipliedFullWidth(by: rest)
      let (whole, remainder) = spread.dividingFullWidth(share)
      quotas[stratum] = least + whole
      remainders.append((remainder, stratum))
    }
    let missing = size - quotas.values.reduce(0, +)
    // Sorting is stable, so that ties go to the stratum that comes first.
    for (_, stratum) in remainders.sorted(by: { $0.0 > $1.0 }).prefix(missing) {
      quotas[stratum]! += 1
    }
    return quotas
  }

  /// FNV-1a and the finalizer of SplitMix64.
  private func hash(_ id: String) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325 ^ seed
    for byte in id.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    hash = (hash ^ (hash >> 30)) &* 0xBF58_476D_1CE4_E5B9
    hash = (hash ^ (hash >> 27)) &* 0x94D0_49BB_1331_11EB
    return hash ^ (hash >> 31)
  }

  // MARK: Summary

  /// What the sample holds and what it lacks, in lines.
  package var summary: String {
    func sum(_ counts: [Stratum: Int], _ isIncluded: (Stratum) -> Bool) -> Int {
      counts.reduce(0) { isIncluded($1.key) ? $0 + $1.value : $0 }
    }
    let all = sum(population) { _ in true }
    let taken = sum(sampled) { _ in true }
    var lines = ["\(taken) of \(all) journeys"]
    for length in LengthClass.allCases {
      let all = sum(population) { $0.length == length }
      guard all > 0 else { continue }
      let taken = sum(sampled) { $0.length == length }
      lines.append(
        "  \(length == .one ? "1 session" : "\(length.rawValue) sessions"): \(taken) of \(all)")
    }
    lines.append("sessions by channel")
    for (channel, counts) in sessionsByChannel.sorted(by: { $0.key < $1.key }) {
      lines.append("  \(ForeignText.line(channel)): \(counts.sampled) of \(counts.all)")
    }
    return (lines + gaps).joined(separator: "\n")
  }

  private var gaps: [String] {
    var lines: [String] = []
    let channels = sessionsByChannel.filter { $0.value.sampled == 0 }.keys.sorted()
    if !channels.isEmpty {
      lines.append(
        "gap: no session of channel "
          + channels.map { ForeignText.line($0) }.joined(separator: ", "))
    }
    let strata = population.keys.filter { sampled[$0] == nil }.count
    if strata > 0 {
      lines.append("gap: \(strata) of \(population.count) strata (length and channel) have none")
    }
    for length in LengthClass.allCases
    where !population.keys.contains(where: { $0.length == length }) {
      lines.append("gap: there are no journeys of \(length.rawValue) sessions")
    }
    if let first = days.min(), let last = days.max() {
      let missing = Int(last.number - first.number) + 1 - days.count
      if missing > 0 {
        lines.append("gap: \(missing) days from \(first) to \(last) have no journeys")
      }
    }
    return lines.isEmpty ? ["no gaps"] : lines
  }
}

/// The smallest of all numbers inserted, at most `limit` of them.
private struct LargestFirstHeap {
  private let limit: Int
  private var items: [UInt64] = []

  init(limit: Int) { self.limit = limit }

  /// At least one number has been inserted.
  var largest: UInt64 { items[0] }

  mutating func insert(_ item: UInt64) {
    guard items.count == limit else {
      items.append(item)
      var child = items.count - 1
      while child > 0, items[(child - 1) / 2] < items[child] {
        items.swapAt(child, (child - 1) / 2)
        child = (child - 1) / 2
      }
      return
    }
    guard item < items[0] else { return }
    items[0] = item
    var parent = 0
    while 2 * parent + 1 < items.count {
      var child = 2 * parent + 1
      if child + 1 < items.count, items[child + 1] > items[child] { child += 1 }
      guard items[child] > items[parent] else { return }
      items.swapAt(child, parent)
      parent = child
    }
  }
}
