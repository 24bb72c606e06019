/// Packs journeys into chunks under two limits, so that there are few chunks.
///
/// A journey takes one of `maxJourneys` places and as many of `maxSessions` as it has sessions: vector
/// bin packing in two dimensions. Two heuristics are tried, and the one with fewer chunks wins:
///
/// * balanced: as many chunks as the totals need at least are opened at once, and each journey, longest
///   first, goes to the chunk with the fewest sessions. Long and short ones are spread evenly, so that
///   neither limit is used up early;
/// * best fit decreasing: each journey, longest first, goes to the fullest chunk that still takes it.
///
/// O(n log n) and O(n · maxSessions), the latter only up to 10,000 sessions a chunk: larger chunks are
/// filled well by either. The result depends on nothing but the counts and their order.
enum JourneyPacking {
  private static let largestFitted = 10_000

  /// - Parameter counts: the sessions of each journey, none more than `maxSessions`.
  /// - Returns: the chunks, as indices into `counts`, ascending.
  static func chunks(_ counts: [Int], maxJourneys: Int, maxSessions: Int) -> [[Int]] {
    guard !counts.isEmpty else { return [] }
    precondition(counts.allSatisfy { $0 <= maxSessions } && maxJourneys > 0)
    let order = counts.indices.sorted {
      counts[$0] != counts[$1] ? counts[$0] > counts[$1] : $0 < $1
    }
    let balanced = balanced(counts, order, maxJourneys, maxSessions)
    guard maxSessions <= largestFitted else { return inOrder(balanced) }
    let fitted = bestFit(counts, order, maxJourneys, maxSessions)
    return inOrder(fitted.count < balanced.count ? fitted : balanced)
  }

  private static func inOrder(_ chunks: [[Int]]) -> [[Int]] {
    chunks.map { $0.sorted() }.sorted { $0[0] < $1[0] }
  }

  /// The fewest chunks that the totals allow.
  static func lowerBound(_ counts: [Int], maxJourneys: Int, maxSessions: Int) -> Int {
    let sessions = counts.reduce(0, +)
    return max(
      (counts.count + maxJourneys - 1) / maxJourneys, (sessions + maxSessions - 1) / maxSessions)
  }

  private static func balanced(
    _ counts: [Int], _ order: [Int], _ maxJourneys: Int, _ maxSessions: Int
  ) -> [[Int]] {
    let least = lowerBound(counts, maxJourneys: maxJourneys, maxSessions: maxSessions)
    var chunks: [[Int]] = Array(repeating: [], count: least)
    /// Chunks with a free place by sessions so far, then number: a heap, least first.
    var heap = (0..<least).map { (load: 0, chunk: $0) }
    func precedes(_ left: Int, _ right: Int) -> Bool {
      (heap[left].load, heap[left].chunk) < (heap[right].load, heap[right].chunk)
    }
    func sink() {
      var parent = 0
      while 2 * parent + 1 < heap.count {
        var child = 2 * parent + 1
        if child + 1 < heap.count, precedes(child + 1, child) { child += 1 }
        guard precedes(child, parent) else { return }
        heap.swapAt(child, parent)
        parent = child
      }
    }
    func insert(_ entry: (load: Int, chunk: Int)) {
      heap.append(entry)
      var child = heap.count - 1
      while child > 0, precedes(child, (child - 1) / 2) {
        heap.swapAt(child, (child - 1) / 2)
        child = (child - 1) / 2
      }
    }
    for journey in order {
      guard let top = heap.first, top.load + counts[journey] <= maxSessions else {
        // It fits in none, since it does not fit in the emptiest.
        chunks.append([journey])
        if maxJourneys > 1 { insert((counts[journey], chunks.count - 1)) }
        continue
      }
      chunks[top.chunk].append(journey)
      if chunks[top.chunk].count == maxJourneys {
        heap[0] = heap[heap.count - 1]
        heap.removeLast()
      } else {
        heap[0].load += counts[journey]
      }
      sink()
    }
    return chunks.filter { !$0.isEmpty }
  }

  private static func bestFit(
    _ counts: [Int], _ order: [Int], _ maxJourneys: Int, _ maxSessions: Int
  ) -> [[Int]] {
    var chunks: [[Int]] = []
    /// Chunks with a free place, by how many sessions they still take.
    var open: [[Int]] = Array(repeating: [], count: maxSessions + 1)
    for journey in order {
      let count = counts[journey]
      var chunk = chunks.count
      var free = maxSessions
      if let room = (count...maxSessions).first(where: { !open[$0].isEmpty }) {
        chunk = open[room].removeLast()
        free = room
      } else {
        chunks.append([])
      }
      chunks[chunk].append(journey)
      if chunks[chunk].count < maxJourneys { open[free - count].append(chunk) }
    }
    return chunks
  }
}
