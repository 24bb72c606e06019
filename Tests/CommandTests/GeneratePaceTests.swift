import Foundation
import Testing

/// How fast `generate` sends, through the built program.
@Suite struct GeneratePaceTests {
  /// Event times follow the number of generated records. If left-out records took no time, the others would run
  /// ahead of the clock and end as `future_event`.
  @Test func recordsWithoutATopicTakeTheirTime() throws {
    let cluster = try Cluster(["TRIBUTARY_TOPICS_IMPRESSIONS": "null"])
    let began = ContinuousClock.now
    let result = try cluster.program.run(arguments: [
      "generate", "--profile", "dense", "--events", "4000", "--rate", "2000", "--seed", "5",
    ])
    #expect(result.status == 0, "\(result.errors)")
    #expect(began.duration(to: .now) > .seconds(1.7))
  }
}
