import Attribution
import Codec
import Reporting
import TestServers
import Testing

@testable import Dashboard
@testable import Service

@Suite("What a question may cost", .serialized)
struct QueryBudgetTests {
  private static func rollup(_ window: Int, _ member: Int) -> RollupsRecord {
    var sums = RollupSums(modelCount: 2)
    sums.clicks = 1
    let start = TestServer.start + Milliseconds(window) * 300_000
    return .rollup(
      Rollup(
        key: RollupKey(view: "campaign_5m", dimensions: ["c-\(member)"], windowStart: start),
        windowEnd: start + 300_000, sums: sums, isFinal: true, revision: 1, watermark: start))
  }

  @Test("More rows than the budget are refused with the estimate before anything is summed")
  func tooManyRows() throws {
    let server = try TestServer { $0.querySeconds = 60 }
    // 600 windows of 500 campaigns: 300,000 rows by window.
    for window in 0..<600 { server.live.apply((0..<500).map { Self.rollup(window, $0) }) }
    let began = ContinuousClock.now
    let answer = server.get("/api/rollups?unit=window&limit=1")
    #expect(answer.status == 400)
    let error = try #require(answer.json["error"] as? String)
    #expect(
      error
        == "up to 300000 rows (600 spans of 500 groups), and at most 250000 are possible: choose a longer "
        + "unit, a shorter range, fewer dimensions or a condition")
    #expect(began.duration(to: .now) < .seconds(5))
    for query in [
      "unit=hour", "unit=window&by=none", "unit=window&last=86400",
      "unit=window&where=campaign_id=c-7",
    ] {
      #expect(server.get("/api/rollups?limit=1&\(query)").status == 200, "\(query)")
    }
  }

  @Test("The estimate is no less than what comes out")
  func estimate() throws {
    let live = LiveBoard(TestServer.definitions, partitionCount: 1)
    for window in 0..<20 {
      live.apply((0..<(window % 7)).map { Self.rollup(window, $0) })
    }
    let board = live.picture.board
    let range = TestServer.start..<(TestServer.start + 20 * 300_000)
    let spans = (0..<20).map { TestServer.start + Milliseconds($0) * 300_000 }
    for dimensions in [nil, [], [Dimension.campaignID]] {
      for filters in [[], [DimensionFilter(.campaignID, is: "c-1")]] {
        for spans in [nil, spans] {
          let query = RollupQuery(
            view: "campaign_5m", range: range, spans: spans, dimensions: dimensions,
            filters: filters)
          let cost = board.cost(of: query)
          #expect(cost.rows >= board.rows(query).count)
          #expect(cost.rollups == 57)
        }
      }
    }
    #expect(board.cost(of: RollupQuery(view: "x", range: range)).rows == 0)
  }

  @Test("A question ends when its answer is not wanted any more")
  func interruption() throws {
    let server = try TestServer()
    server.fill()
    let dashboard = DashboardResponder(
      server.live, conversions: nil, health: NoHealth(), metrics: Metrics(),
      now: { TestServer.now })
    let work = RequestWork()
    work.cancel()
    let late = RequestWork(limit: .zero)
    for path in ["/api/summary", "/api/rollups"] {
      for work in [work, late] {
        let request = try #require(HTTPRequest(target: path, headers: [:], work: work))
        #expect(dashboard.respond(to: request).status == .gatewayTimeout)
      }
    }
  }

  @Test("A picture of the board stays as it is while records come")
  func pictures() {
    let live = LiveBoard(TestServer.definitions, partitionCount: 1)
    live.apply([Self.rollup(0, 0)])
    let before = live.picture
    live.apply([Self.rollup(0, 1), Self.rollup(1, 0)])
    #expect(before.board.count == 1)
    #expect(live.picture.board.count == 3)
    #expect(live.picture.generation > before.generation)
    let same = live.picture
    live.apply([Self.rollup(1, 0)])
    #expect(live.picture.generation == same.generation, "a revision that is known changes nothing")
  }
}

private struct NoHealth: HealthSource {
  var health: Health { Health(obstacles: [], partitions: []) }
  func refresh(_ metrics: Metrics) {}
}
