import Attribution
import Codec
import Dashboard
import Foundation
import Glibc
import Reporting
import Testing

@testable import Readers
@testable import Service

@Suite("A million rollups and their past", .serialized)
struct HistoryFiguresTests {
  #if DEBUG
    private static let isOptimized = false
  #else
    private static let isOptimized = true
  #endif
  private static let day: Milliseconds = 86_400_000
  private static let start = RandomTopic.start

  /// Rollups in memory and on disk; TRIBUTARY_TEST_HISTORY=1000000,10000000 takes the figures of docs/internals/performance.md.
  private static let (held, stored): (Int, Int) = {
    let numbers = (ProcessInfo.processInfo.environment["TRIBUTARY_TEST_HISTORY"] ?? "")
      .split(separator: ",").compactMap { Int($0) }
    return numbers.count == 2 ? (numbers[0], numbers[1]) : (100_000, 400_000)
  }()

  @Test(
    "Answers about memory and disk are quick, and a second start reads what memory holds",
    .enabled(if: isOptimized, "figures are of release builds"))
  func figures() throws {
    let members = 1_000
    let perDay = 288 * members
    let days = (Self.held + Self.stored) / perDay + 1
    let since = Milliseconds(Self.held / perDay) * Self.day
    let fixture = try HistoryFixture(since: since, heldRollups: 500_000, archivedRollups: 1_000_000)
    let began = ContinuousClock.now
    var offset: Int64 = 0
    for window in 0..<days * 288 {
      let start = Self.start + Milliseconds(window) * 300_000
      var records = (0..<members).map { member in
        HistoryKeeper.Positioned(
          record: .rollup(Self.rollup(start, member)), partition: 0, offset: offset + Int64(member))
      }
      offset += Int64(members) + 3
      for partition in 0..<Int32(3) {
        records.append(
          .init(
            record: .progress(partition: partition, finalThrough: start), partition: partition,
            offset: offset - 1 - Int64(partition)))
      }
      try fixture.keeper.take(records, through: [:])
    }
    fixture.close()
    let filled = began.duration(to: .now)
    let again = ContinuousClock.now
    try fixture.open()
    let opened = again.duration(to: .now)
    let board = fixture.live.picture.board
    let bytes = fixture.keeper.byteCount

    let dashboard = DashboardResponder(
      fixture.live, conversions: nil, health: QuietHealth(), metrics: Metrics(),
      now: { Self.start })
    var seconds: [Double] = []
    var slowest: [String: Double] = [:]
    for round in 0..<20 {
      let first = Time.formatSeconds(Self.start + Milliseconds(round % max(1, days - 1)) * Self.day)
        .prefix(10)
      let next = Time.formatSeconds(
        Self.start + Milliseconds(round % max(1, days - 1) + 1) * Self.day
      ).prefix(10)
      let day = "from=\(first)&to=\(next)"
      for query in [
        "summary?last=3600", "summary?last=86400", "rollups?last=86400&unit=window&by=none",
        "rollups?\(day)&unit=hour&by=none", "rollups?\(day)&sort=revenue", "summary?\(day)",
        "rollups?unit=day&by=none", "summary", "rollups?last=3600&unit=window&filter=c-12",
        "rollups?limit=100",
      ] {
        let request = try #require(HTTPRequest(target: "/api/\(query)", headers: [:]))
        let began = Self.processorSeconds()
        let response = dashboard.respond(to: request)
        let took = Self.processorSeconds() - began
        seconds.append(took)
        let kind = query.replacing(day, with: "from=&to=")
        slowest[kind] = max(slowest[kind] ?? 0, took)
        #expect(response.status == .ok, "\(query)")
      }
    }
    seconds.sort()
    let late = seconds[seconds.count * 99 / 100]
    print(
      String(
        format: "%d rollups held, %d on disk (%.1f bytes each), taken in %.1f s, opened in %.2f s; "
          + "answers: median %.1f ms, 99%% %.1f ms, slowest %.1f ms", board.heldCount,
        board.count - board.heldCount, Double(bytes) / Double(board.count),
        filled / .seconds(1), opened / .seconds(1), seconds[seconds.count / 2] * 1_000,
        late * 1_000, seconds[seconds.count - 1] * 1_000))
    for (query, took) in slowest.sorted(by: { $0.value > $1.value }) {
      print(String(format: "  at most %.1f ms: ", took * 1_000) + query)
    }
    #expect(board.heldCount <= board.count / 2)
    // On a quiet machine it is less than 50 ms: docs/internals/performance.md.
    #expect(late < 0.25)
  }

  private static func rollup(_ start: Milliseconds, _ member: Int) -> Rollup {
    var sums = RollupSums(modelCount: 2)
    sums.clicks = Int64(member % 50)
    sums.impressions = Int64(member)
    sums.users = Int64(member % 40)
    sums.sessions = Int64(member % 45)
    sums.spend = MicrosSum(member) * 1_234_567
    sums.credits = [1_000_000 * Int64(member % 5), 333_333 * Int64(member % 7)]
    sums.revenues = [MicrosSum(member) * 1_999_990, MicrosSum(member) * 777_777]
    return Rollup(
      key: RollupKey(view: "fine", dimensions: ["c-\(member)"], windowStart: start),
      windowEnd: start + 300_000, sums: sums, isFinal: true, revision: 3, watermark: start)
  }

  /// Of this thread: what else the machine does is not measured.
  private static func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}

private struct QuietHealth: HealthSource {
  var health: Health { Health(obstacles: [], partitions: []) }
  func refresh(_ metrics: Metrics) {}
}
