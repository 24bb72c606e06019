import Attribution
import Codec
import Foundation
import Testing
import Traffic
import Verification

@Suite struct TrafficGeneration {
  /// FNV-1a over everything that a record says.
  func fingerprint(_ options: TrafficOptions, records: Int) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    func mix(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    for record in TrafficGenerator(options).prefix(records) {
      mix(record.kind.rawValue)
      record.key.forEach(mix)
      record.value.forEach(mix)
      "\(record.truth)@\(record.timestamp)".utf8.forEach(mix)
    }
    return hash
  }

  var busy: TrafficOptions {
    var options = TrafficOptions(seed: 42, eventCount: 20_000)
    options.malformed = 0.02
    options.costRows = true
    return options
  }

  @Test func theSameOptionsGiveTheSameBytesEverywhere() {
    #expect(fingerprint(busy, records: 3_000) == 16_464_346_444_455_979_014)
    var other = busy
    other.seed = 43
    #expect(fingerprint(other, records: 100) != fingerprint(busy, records: 100))
  }

  @Test func recordsArriveInOrderAndTheSummaryCountsThem() {
    var generator = TrafficGenerator(busy)
    var summary = TrafficSummary()
    var last = Milliseconds.min
    while let record = generator.next() {
      #expect(record.timestamp >= last)
      last = record.timestamp
      summary.add(record.kind, record.truth)
      #expect(generator.summary.records == summary.records)
    }
    #expect(generator.summary == summary)
    let accepted = [EventKind.impression, .click, .conversion].map(summary.accepted)
    #expect(accepted.reduce(0, +) == 20_000)
    for rejection in RejectionReason.ofOwnForm {
      #expect(summary.count(.malformed(rejection)) > 0, "\(rejection)")
    }
  }

  @Test func proportionsAreAsAskedFor() {
    var options = busy
    options.eventCount = 60_000
    options.duplicates = 0.05
    options.late = 0.02
    var generator = TrafficGenerator(options)
    while generator.next() != nil {}
    let summary = generator.summary
    func isNear(_ count: Int, _ expected: Double) -> Bool {
      abs(Double(count) - expected) < 5 * expected.squareRoot() + 1
    }
    let costs = Double(summary.accepted(.cost))
    #expect(isNear(summary.count(.duplicate), (60_000 + costs) * 0.05))
    #expect(isNear(summary.count(.late), 1_200))
    let malformed = EventKind.allCases.reduce(0) { $0 + summary.malformed($1) }
    #expect(isNear(malformed, 1_200))
    let clicks = Double(summary.accepted(.click))
    let touches = clicks + Double(summary.accepted(.impression))
    #expect(isNear(summary.accepted(.impression), touches * 0.6))
    #expect(isNear(summary.accepted(.conversion), clicks * 0.08 * 1.05))
  }

  @Test func everyRecordButTheMalformedIsAnEventOfItsKey() throws {
    var ids = Set<String>()
    var journeys = Oracle(definitions: Definitions())
    var generator = TrafficGenerator(busy)
    while let record = generator.next() {
      switch record.truth {
      case .malformed(.malformedJSON):
        #expect(DecodedRecord(record.value) == nil)
        continue
      case .malformed(let rejection):
        #expect(DecodedRecord(record.value) != nil)
        #expect((record.value.count > 65_536) == (rejection == .tooLarge))
        continue
      default: break
      }
      let decoded = try #require(DecodedRecord(record.value))
      let event = try #require(decoded.event(record.kind))
      let key = record.kind == .cost ? event.campaignID : event.userID
      #expect(Array(key.utf8) == record.key)
      #expect((1...20).contains(event.eventID.utf8.count))
      #expect(event.time <= record.timestamp)
      // A duplicate's id has been seen, any other's has not.
      let isNew = ids.insert(event.eventID).inserted
      #expect(isNew == (record.truth != .duplicate))
      if record.truth != .tooLate {
        let counts = journeys.add(event)
        #expect(counts == (record.truth != .duplicate ? .new : .duplicate))
      }
    }
    for kind in EventKind.allCases {
      #expect(journeys.accepted(kind) == generator.summary.accepted(kind))
      #expect(journeys.duplicates(kind) == generator.summary.count(kind, .duplicate))
    }
    let attributions = journeys.attributions().values
    let unattributed = attributions.filter(\.touches.isEmpty).count
    let severalTouches = attributions.filter { $0.touches.count > 1 }.count
    #expect(unattributed * 20 > attributions.count && unattributed * 2 < attributions.count)
    #expect(severalTouches * 10 > attributions.count)
  }

  @Test func copiesOfAnEventMeanTheSame() throws {
    var options = busy
    options.duplicates = 0.5
    options.eventCount = 3_000
    var originals: [String: NSDictionary] = [:]
    var rewritten = 0
    var values: [String: [UInt8]] = [:]
    for record in TrafficGenerator(options) {
      guard let decoded = DecodedRecord(record.value),
        record.truth.isAccepted || record.truth == .duplicate
      else { continue }
      let id = decoded.text("event_id")
      let names = ["user_id", "campaign_id", "channel", "ad_id", "session_id"]
      var meaning = names.map(decoded.text)
      meaning.append("\(try #require(decoded.time))")
      for name in ["cost", "value", "amount"] {
        let amount = decoded.fields[name].flatMap { Double("\($0)") }
        meaning.append(amount.map { "\(Int64(($0 * 1e6).rounded()))" } ?? "")
      }
      let dictionary = ["meaning": meaning] as NSDictionary
      if record.truth == .duplicate {
        #expect(originals[id] == dictionary)
        if values[id] != record.value { rewritten += 1 }
      } else {
        originals[id] = dictionary
        values[id] = record.value
      }
    }
    #expect(rewritten > 400)
  }

  /// Replays the traffic on twelve partitions and looks at the least and the greatest watermark that
  /// any interleaving of the inputs could have reached.
  @Test func whatIsTooLateDoesNotDependOnTheInterleaving() throws {
    var options = busy
    options.eventCount = 60_000
    options.costRows = false
    options.eventsPerSecond = 6
    options.conversionRate = 0.6
    options.late = 0.05
    options.tooLate = 0.02
    options.definitions.correctionHorizon = 2 * 3_600_000
    let lateness = options.definitions.watermarkDelay
    let horizon = options.definitions.correctionHorizon
    let inputs = [EventKind.impression, .click, .conversion]
    var newest = Array(repeating: [Milliseconds](repeating: .min, count: 3), count: 12)
    var counts: [Truth: Int] = [:]
    for record in TrafficGenerator(options) where inputs.contains(record.kind) {
      if case .malformed = record.truth { continue }
      counts[record.truth, default: 0] += 1
      let time = try #require(DecodedRecord(record.value)?.time)
      let partition = Int(
        record.key.reduce(UInt64(7)) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 } % 12)
      let input = Int(record.kind.rawValue)
      if record.truth == .tooLate {
        let least = newest[partition].min()!
        #expect(least != .min)
        #expect(least - lateness - time > horizon)
      } else {
        newest[partition][input] = max(newest[partition][input], time)
        let greatest = newest[partition].max()!
        #expect(greatest - lateness - time <= horizon)
      }
    }
    #expect(counts[.tooLate, default: 0] > 200)
    #expect(counts[.late, default: 0] > 2_000)
  }

  @Test func noEventIsTooLateWhenTheSpanIsTooShort() {
    var options = TrafficOptions(seed: 1, eventCount: 5_000)
    options.tooLate = 0.5
    #expect(!TrafficGenerator(options).contains { $0.truth == .tooLate })
  }

  @Test func aBusierEveningThanNight() {
    var options = TrafficOptions(seed: 5, eventCount: 40_000)
    options.eventsPerSecond = 0.4
    options.late = 0
    options.duplicates = 0
    var byHour = Array(repeating: 0, count: 24)
    for record in TrafficGenerator(options) {
      byHour[Int(record.timestamp / 3_600_000 % 24)] += 1
    }
    #expect(byHour[19...21].reduce(0, +) > 5 * byHour[2...4].reduce(0, +))
  }

  @Test func millionEventsSpanAboutSixHours() {
    var options = TrafficOptions(seed: 5, eventCount: 10_000)
    options.eventsPerSecond /= 100
    options.late = 0
    let times = TrafficGenerator(options).map(\.timestamp)
    let span = times[times.count * 98 / 100] - options.start
    #expect((5 * 3_600_000...7 * 3_600_000).contains(span))
  }

  @Test func jsonLinesHoldEveryRecord() throws {
    let directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("traffic-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: directory) }
    var generator = TrafficGenerator(busy)
    let summary = try generator.writeJSONLines(to: directory)
    for (kind, name) in zip(EventKind.allCases, ["impressions", "clicks", "conversions", "costs"]) {
      let data = try Data(contentsOf: directory.appendingPathComponent("\(name).jsonl"))
      #expect(data.filter { $0 == UInt8(ascii: "\n") }.count == summary.records(kind))
    }
    #expect(summary.records > 20_000)
  }
}
