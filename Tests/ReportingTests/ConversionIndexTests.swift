import Attribution
import Codec
import Testing

@testable import Reporting

@Suite("The newest conversions")
struct ConversionIndexTests {
  private func attribution(
    _ id: String, at time: Milliseconds, touches: Int = 1, isDeleted: Bool = false,
    channel: (Int) -> String = { _ in "email" }
  ) -> PublishedAttribution {
    PublishedAttribution(
      conversionID: id, userID: "u", time: time, value: 6, currency: "EUR",
      touches: (0..<touches).map {
        .init(
          kind: .click, time: time - 1_000 + Milliseconds($0), eventID: "k\($0)", campaignID: "c",
          channel: channel($0))
      },
      credits: ["linear": (0..<touches).map { _ in 1 }],
      revenues: ["linear": (0..<touches).map { _ in 2 }], revision: 1, isDeleted: isDeleted)
  }

  private func held(_ index: ConversionIndex) -> [String] { index.conversions.map(\.id).sorted() }

  @Test("The newest word on a conversion counts, and those taken back are gone")
  func revisions() {
    var index = ConversionIndex(models: [.linear, .lastTouch])
    for id in ["a", "b", "c"] { index.apply(attribution(id, at: 1), of: id) }
    index.apply(attribution("b", at: 2, touches: 3), of: "b")
    #expect(index.conversions.first { $0.id == "b" }?.touches.count == 3)
    index.apply(attribution("a", at: 1, touches: 0, isDeleted: true), of: "a")
    index.apply(nil, of: "c")
    index.apply(nil, of: "never there")
    #expect(held(index) == ["b"])
    index.apply(attribution("b", at: 5), of: "b")
    #expect(index.oldest == 5)
    #expect(!index.isPartial)
    // A model that the record does not have gives nothing.
    #expect(index.conversions[0].share(0) { _ in true } == (1, 2))
    #expect(index.conversions[0].share(1) { _ in true } == (0, 0))
  }

  @Test("Of too many, the oldest by event time are left out, whatever the order they came in")
  func bounds() {
    var index = ConversionIndex(models: [.linear], limit: 80)
    for number in 0..<500 {
      let time = Milliseconds(number * 7_919 % 500)
      index.apply(attribution("v\(time)", at: time), of: "v\(time)")
      #expect(index.conversions.count <= 90)
    }
    #expect(index.isPartial)
    #expect(Set(index.conversions.map(\.time)).isSuperset(of: 420..<500))
    var busy = ConversionIndex(models: [.linear], touchLimit: 400)
    for number in 0..<50 {
      busy.apply(attribution("v\(number)", at: Milliseconds(number), touches: 30), of: "v\(number)")
    }
    #expect((10...15).contains(busy.conversions.count))
    #expect(busy.isPartial)
  }

  @Test("A campaign that is really called (unattributed) is not the unattributed")
  func reservedName() throws {
    var index = ConversionIndex(models: [.linear])
    index.apply(attribution("named", at: 1) { _ in "(unattributed)" }, of: "named")
    index.apply(attribution("none", at: 1, touches: 0), of: "none")
    let matcher = try #require(TouchMatcher([DimensionFilter(.channel, is: "(unattributed)")]))
    #expect(index.conversions.filter(matcher.accepts).map(\.id) == ["none"])
    #expect(TouchMatcher([DimensionFilter(Dimension(rawValue: "goal"), is: "x")]) == nil)
  }

  @Test("A long way is told by its first and last steps")
  func longPath() {
    var index = ConversionIndex(models: [.linear])
    index.apply(attribution("v", at: 1, touches: 20) { "c\($0 / 2)" }, of: "v")
    let sums = PathSums(index.conversions, by: .channel) {}
    #expect(sums.paths.map(\.steps) == [["c0", "c1", "c2", "c3", "…", "c7", "c8", "c9"]])
    #expect(sums.medianDelay == 1_000)
    #expect(sums.delayCounts[0] == 1)
  }

  @Test("A question that is no longer wanted ends")
  func interruption() {
    struct Over: Error {}
    var index = ConversionIndex(models: [.linear])
    index.apply(attribution("v", at: 1), of: "v")
    #expect(throws: Over.self) { try PathSums(index.conversions, by: .channel) { throw Over() } }
  }
}
