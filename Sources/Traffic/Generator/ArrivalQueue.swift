import Attribution

/// A binary min-heap of events by arrival. Insertion and removal take O(log n).
struct ArrivalQueue {
  private var heap: [PendingEvent] = []
  private var inserted: UInt64 = 0

  /// When the first of them arrives.
  var firstArrival: Milliseconds? { heap.first?.arrival }

  mutating func insert(_ event: PendingEvent) {
    var event = event
    event.sequence = inserted
    inserted += 1
    var position = heap.count
    heap.append(event)
    while position > 0 {
      let parent = (position - 1) / 2
      guard event.arrivesBefore(heap[parent]) else { break }
      heap[position] = heap[parent]
      position = parent
    }
    heap[position] = event
  }

  mutating func removeFirst() -> PendingEvent? {
    guard let last = heap.popLast() else { return nil }
    guard let first = heap.first else { return last }
    var position = 0
    while true {
      var child = 2 * position + 1
      guard child < heap.count else { break }
      if child + 1 < heap.count, heap[child + 1].arrivesBefore(heap[child]) { child += 1 }
      guard heap[child].arrivesBefore(last) else { break }
      heap[position] = heap[child]
      position = child
    }
    heap[position] = last
    return first
  }
}
