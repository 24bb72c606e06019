import Attribution
import Codec
import Testing
import Traffic

/// Traffic as it is in the world.
@Suite struct MarketTrafficTests {
  private struct Counts {
    var impressions = 0.0
    var clicks = 0.0
    var cost = 0.0
  }

  @Test func uselessRecordsAreSpreadAsTheEventsAre() {
    var options = Self.options(events: 60_000)
    options.malformed = 0.05
    var useless: [EventKind: Int] = [:]
    var all: [EventKind: Int] = [:]
    for record in TrafficGenerator(options) {
      if case .malformed = record.truth {
        useless[record.kind, default: 0] += 1
      } else {
        all[record.kind, default: 0] += 1
      }
    }
    let count = Double(useless.values.reduce(0, +))
    let share = Double(all[.conversion] ?? 0) / Double(all.values.reduce(0, +))
    #expect(count > 2_000)
    #expect(
      Double(useless[.conversion] ?? 0) < count * share + 5 * (count * share).squareRoot() + 2)
    #expect((useless[.impression] ?? 0) > useless[.click] ?? 0)
  }

  private static func options(events: Int, lookback: Milliseconds = 1_800_000) -> TrafficOptions {
    var options = TrafficOptions(seed: 11, eventCount: events)
    options.profile = .market
    options.duplicates = 0
    options.malformed = 0
    options.late = 0
    options.hasDailyCurve = false
    options.definitions.lookback = lookback
    return options
  }

  private struct Sample {
    let kind: EventKind
    let time: Milliseconds
    let user: String
    let channel: String
    let amount: Double
  }

  private static func events(_ options: TrafficOptions) -> [Sample] {
    var decoders = EventKind.allCases.map {
      EventDecoder(kind: $0, definitions: options.definitions)
    }
    return TrafficGenerator(options).compactMap { record in
      record.value.withUnsafeBytes { value in
        var event = Event(kind: record.kind, time: 0, eventID: .empty, userID: .empty)
        let kind = Int(record.kind.rawValue)
        decoders[kind].recycle()
        guard decoders[kind].decode(value, recordTimestamp: record.timestamp, into: &event) == nil
        else { return nil }
        return Sample(
          kind: record.kind, time: event.time, user: event.userID.string,
          channel: event.channel.string, amount: Double(event.amount) / 1_000_000)
      }
    }
  }

  @Test func ratesAndPricesAreThoseOfTheirChannels() throws {
    let events = Self.events(Self.options(events: 400_000))
    var channels: [String: Counts] = [:]
    var conversions = 0.0
    for event in events {
      guard event.kind != .conversion else {
        conversions += 1
        continue
      }
      var counts = channels[event.channel] ?? Counts()
      if event.kind == .click { counts.clicks += 1 } else { counts.impressions += 1 }
      counts.cost += event.amount
      channels[event.channel] = counts
    }
    let clicks = channels.values.reduce(0) { $0 + $1.clicks }
    let impressions = channels.values.reduce(0) { $0 + $1.impressions }
    #expect((0.008...0.03).contains(clicks / impressions), "\(clicks / impressions)")
    #expect((0.015...0.045).contains(conversions / clicks), "\(conversions / clicks)")
    for (channel, rate) in [
      ("display", 0.0046), ("social", 0.0159), ("search", 0.0317), ("video", 0.0065),
      ("email", 0.026), ("affiliate", 0.01),
    ] {
      let counts = try #require(channels[channel])
      #expect((rate * 0.6...rate * 1.4).contains(counts.clicks / counts.impressions), "\(channel)")
    }
    let search = try #require(channels["search"])
    #expect((1.8...3.6).contains(search.cost / search.clicks))
    let display = try #require(channels["display"])
    #expect((0.0018...0.004).contains(display.cost / display.impressions))
    let direct = try #require(channels["direct"])
    #expect(direct.impressions == 0 && (0.1...0.2).contains(direct.clicks / clicks))
  }

  @Test func conversionsComeMinutesOrDaysLaterAsTheLookBackAllows() {
    for lookback: Milliseconds in [1_800_000, 7 * 86_400_000] {
      let events = Self.events(Self.options(events: 400_000, lookback: lookback))
      var lastClick: [String: Milliseconds] = [:]
      var delays: [Double] = []
      for event in events.sorted(by: { $0.time < $1.time }) {
        if event.kind == .click { lastClick[event.user] = event.time }
        if event.kind == .conversion, let click = lastClick[event.user] {
          delays.append(Double(event.time - click) / Double(lookback))
        }
      }
      delays.sort()
      #expect(delays.count > 50)
      #expect((0.02...0.4).contains(delays[delays.count / 2]), "\(delays[delays.count / 2])")
      #expect(delays.last! <= 2 && delays.contains { $0 > 0.3 })
    }
  }

  @Test func thePaceIsTheOneAskedFor() {
    let options = Self.options(events: 300_000)
    let times = Self.events(options).map(\.time).sorted()
    // Visits begin before the first and end behind the last event that counts.
    let middle = Double(times[200_000] - times[100_000]) / 1_000
    #expect((0.93...1.07).contains(100_000 / middle / options.eventsPerSecond))
  }
}
