import Attribution
import CAllocationCount
import Codec
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

  /// Configured fields are lent like the other names, whether lent from the record or without escapes.
  @Test func noEventAllocatesForFieldsOfItsOwn() {
    var definitions = Definitions()
    definitions.dimensions = ["country"]
    definitions.conversionDimensions = ["goal"]
    definitions.matchOn = ["account_id"]
    definitions.views.append(
      View(
        name: "goals", dimensions: [.campaignID] + definitions.allDimensions.suffix(3),
        periodMilliseconds: 300_000))
    let task = AttributionTask(
      definitions: definitions, kinds: [.click, .conversion], secret: .ofBenchmarks)
    let records = (0..<40_000).map { number -> [UInt8] in
      let common =
        #""event_id":"\#(number)","user_id":"u-\#(number % 500)","event_time":\#(1_767_600_000_000 + number),"#
        + #""account_id":\#(number % 3),"#
      let own =
        number % 10 == 0
        ? #""goal":"g\u002d\#(number % 4)""#
        : #""campaign_id":"c-\#(number % 7)","country":"DE\u002f\#(number % 5)""#
      return Array("{\(common)\(own)}".utf8)
    }
    var decoders = [EventKind.click, .conversion].map {
      EventDecoder(kind: $0, definitions: definitions)
    }
    var counts: [UInt] = []
    for first in stride(from: 0, to: records.count, by: 50) {
      let before = allocation_count()
      for number in first..<first + 50 {
        records[number].withUnsafeBytes { bytes in
          let kind: EventKind = number % 10 == 0 ? .conversion : .click
          var event = Event(kind: kind, time: 0, eventID: .empty, userID: .empty)
          let decoder = kind == .click ? 0 : 1
          let rejection = decoders[decoder].decode(bytes, recordTimestamp: -1, into: &event)
          if rejection != nil {
            Issue.record("record \(number) is refused")
            return
          }
          let identity = EventIdentity(event, task.key)
          _ = withUnsafePointer(to: event) { task.apply($0, identity) }
        }
      }
      task.forEachCorrectedConversion { _ in }
      task.forEachDelta { _ in }
      task.endCommit()
      for decoder in decoders.indices { decoders[decoder].recycle() }
      if first >= records.count / 2 { counts.append(allocation_count() - before) }
    }
    #expect(counts.filter { $0 == 0 }.count > counts.count * 4 / 5)
    #expect(counts.reduce(0, +) < UInt(counts.count * 50 / 200), "\(counts)")
  }

  /// Pseudonyms are written into the decoder's own memory.
  @Test func noEventAllocatesForPseudonyms() {
    var definitions = Definitions()
    definitions.pseudonymKey = PseudonymKey(Array(repeating: 7, count: 32))
    let records = (0..<10_000).map { number in
      Array(
        """
        {"event_id":"\(number)","user_id":"u\\u002d\(number % 500)","event_time":\(1_767_600_000_000 + number),\
        "campaign_id":"c","session_id":"s-\(number)","ip":"192.0.2.\(number % 250)"}
        """.utf8)
    }
    var decoder = EventDecoder(kind: .click, definitions: definitions)
    var event = Event(kind: .click, time: 0, eventID: .empty, userID: .empty)
    var isReplaced = true
    func decode(_ range: Range<Int>) {
      for number in range {
        records[number].withUnsafeBytes { bytes in
          let rejection = decoder.decode(bytes, recordTimestamp: -1, into: &event)
          isReplaced = isReplaced && rejection == nil && event.userID.count == 32
        }
        if number % 100 == 99 { decoder.recycle() }
      }
    }
    decode(0..<5_000)
    let before = allocation_count()
    decode(5_000..<10_000)
    #expect(allocation_count() - before == 0)
    #expect(isReplaced)
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
