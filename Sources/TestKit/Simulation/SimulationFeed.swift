import Attribution
import Traffic

/// The records of a run on their way to the input topics: each topic in its own order and at its own
/// pace; some records come twice, some come much later.
struct SimulationFeed {
  /// By topic, the next one last.
  private var queues: [[GeneratedRecord]]
  /// How many turns a topic is silent for.
  private var silence: [Int64]
  private let arrivals: Int64
  private(set) var repeats = 0

  init(_ plan: SimulationPlan, _ random: inout SeededRandom) {
    arrivals = plan.arrivals
    queues = Array(repeating: [], count: EventKind.allCases.count)
    silence = Array(repeating: 0, count: queues.count)
    for record in TrafficGenerator(plan.traffic) {
      queues[Int(record.kind.rawValue)].append(record)
      if random.below(1_000) < plan.repeats {
        queues[Int(record.kind.rawValue)].append(record)
        repeats += 1
      }
    }
    if plan.oversized > 0 { addOversized(plan, &random) }
    for index in queues.indices {
      holdBack(index, plan.heldBack, &random)
      queues[index].reverse()
    }
  }

  /// Puts broken copies beside some records, larger than the topic of dead letters takes.
  private mutating func addOversized(_ plan: SimulationPlan, _ random: inout SeededRandom) {
    for index in queues.indices {
      queues[index] = queues[index].flatMap { record in
        guard random.below(1_000) < plan.oversized else { return [record] }
        var copy = record
        let padding = (plan.deadLetterLimit ?? 0) / 2 + Int(random.below(3_000))
        copy.value += repeatElement(UInt8(ascii: "x"), count: padding)
        return [record, copy]
      }
    }
  }

  /// Moves some records to a later place; a copy of some goes there, too.
  private mutating func holdBack(_ index: Int, _ permille: Int64, _ random: inout SeededRandom) {
    guard permille > 0 else { return }
    var position = 0
    while position < queues[index].count {
      if random.below(1_000) < permille {
        let record = queues[index][position]
        if random.below(2) == 0 { queues[index].remove(at: position) } else { repeats += 1 }
        let rest = Int64(queues[index].count - position)
        queues[index].insert(record, at: position + Int(random.below(rest + 1)))
      }
      position += 1
    }
  }

  var isEmpty: Bool { queues.allSatisfy(\.isEmpty) }

  /// Hands out what arrives in a turn.
  mutating func next(_ random: inout SeededRandom, _ body: (GeneratedRecord) -> Void) {
    for index in queues.indices where !queues[index].isEmpty {
      if silence[index] > 0 {
        silence[index] -= 1
        continue
      }
      if random.below(60) == 0 { silence[index] = random.below(60) }
      for _ in 0..<random.below(arrivals) {
        guard let record = queues[index].popLast() else { break }
        body(record)
      }
    }
  }
}
