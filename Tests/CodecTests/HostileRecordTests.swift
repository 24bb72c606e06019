import Attribution
import Codec
import TestKit
import Testing

@Suite("Hostile records")
struct HostileRecordTests {
  @Test("Each has its one right outcome", arguments: HostileRecords.all)
  func outcomes(_ record: HostileRecord) {
    let found = outcome(
      of: record.value, kind: record.kind, recordTimestamp: record.recordTimestamp)
    #expect(found == record.expected)
  }

  @Test("One decoder can take them all, in any order")
  func oneDecoderForAll() {
    var random = SeededRandom(seed: newSeed())
    for kind in EventKind.allCases {
      var decoder = EventDecoder(
        kind: kind, currency: HostileRecords.currency,
        maxFutureSkew: HostileRecords.maxFutureSkew,
        earliestEventTime: HostileRecords.earliestEventTime)
      let records = HostileRecords.all.filter { $0.kind == kind }
      for record in (records + records).shuffled(using: &random) {
        let found = outcome(
          of: record.value, recordTimestamp: record.recordTimestamp, from: &decoder)
        #expect(found == record.expected, "\(record.name)")
        if Bool.random(using: &random) { decoder.recycle() }
      }
    }
  }

  @Test("The list is long, names are unique, and every reason occurs")
  func listIsComplete() {
    let records = HostileRecords.all
    #expect(records.count >= 90)
    #expect(Set(records.map(\.name)).count == records.count)
    for reason in Rejection.ofOwnForm {
      #expect(records.contains { $0.expected == .rejected(reason) }, "\(reason)")
    }
  }
}
