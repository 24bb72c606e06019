import Attribution
import CAllocationCount
import Testing

@testable import Benchmarks

/// In the steady state no event allocates: neither in the engine nor on the way from its bytes.
@Suite struct AllocationTests {
  /// Counts allocations batch by batch, after a warm-up that lets every table find its size.
  private func allocations(
    perBatchOf size: Int, _ apply: (AttributionTask, inout Decoders, LentRecord) -> Void
  ) -> [UInt] {
    var options = Workload.Options()
    options.warmUp = 100_000
    options.users = 20_000
    var workload = Workload(options)
    let task = AttributionTask(
      definitions: Definitions(), kinds: [.click, .conversion], secret: .ofBenchmarks)
    var decoders = Decoders(task.definitions)
    let chunk = Chunk()
    var counts: [UInt] = []
    var effects = 0
    for batch in 0..<(options.warmUp + 100_000) / size {
      workload.fill(chunk, size)
      chunk.withRecords { records in
        let before = allocation_count()
        for record in records { apply(task, &decoders, record) }
        task.forEachCorrectedConversion { effects += $0.touches.count }
        task.forEachDelta { effects += $0.sums.count }
        task.endCommit()
        if batch >= options.warmUp / size { counts.append(allocation_count() - before) }
      }
    }
    #expect(effects > 0)
    return counts
  }

  @Test func noEventAllocatesOnTheWayFromItsBytesThroughTheEngine() {
    let size = 50
    let counts = allocations(perBatchOf: size) { task, decoders, record in
      var event = Event(kind: record.kind, time: 0, eventID: .empty, userID: .empty)
      guard decoders.decode(record, into: &event) == nil else { return }
      let identity = EventIdentity(event, task.key)
      task.prefetch(identity, event.kind)
      task.prefetchJourney(identity)
      _ = withUnsafePointer(to: event) { task.apply($0, identity) }
    }
    // What is left is memory for what is remembered: a block for a hundred records or more.
    #expect(counts.filter { $0 == 0 }.count > counts.count * 4 / 5)
    #expect(counts.reduce(0, +) < UInt(counts.count * size / 200), "\(counts)")
  }

  @Test func theCounterCounts() {
    let (count, bytes) = (allocation_count(), allocated_bytes())
    let memory = UnsafeMutableRawPointer.allocate(byteCount: 100, alignment: 8)
    let held = allocated_bytes() - bytes
    memory.deallocate()
    let left = allocated_bytes() - bytes
    #expect(allocation_count() == count + 1)
    #expect(held >= 100 && held < 200 && left == 0)
  }
}
