import Attribution
import Codec
import Configuration
import Foundation
import Kafka
import Readers
import Reporting
import Testing

/// What `tail` holds and decodes: the windows that it shows, whatever the topic holds.
@Suite(.serialized) struct NewestWindowsTests {
  private static func feed(_ cluster: Cluster, windows: Int) throws -> RollupFeed {
    let settings = cluster.configuration
    return try RollupFeed(
      settings, keeping: .newest(windows, settings.definitions.views[0]), logger: quiet)
  }

  @Test func onlyTheWindowsThatAreShownAreDecodedAndKept() throws {
    let cluster = try Cluster()
    let topic = RollupTopic(cluster: cluster)
    try topic.fill(windowCount: 300, memberCount: 50)
    let view = cluster.configuration.definitions.views[0]
    let feed = try Self.feed(cluster, windows: 3)
    defer { feed.close() }
    try feed.readToEnd()
    #expect(feed.board.count == 150 && feed.unreadable == 0)
    #expect(feed.board.revisionCount == 150, "older windows were decoded")
    #expect(feed.board.windowStarts(of: view.name) == Self.starts(297..<300, view))
    #expect(feed.board.finalThrough == RollupTopic.start + 300 * view.periodMilliseconds)
    // Newer windows take the place of older ones.
    try topic.fill(windowCount: 305, memberCount: 50, revisionCount: 2)
    let newest = Self.starts(304..<305, view)[0]
    let all = RollupQuery(view: view.name, range: RollupTopic.start..<Time.latest)
    try Self.follow(feed) { board in
      let rows = board.rows(all)
      // Three windows at their second revision.
      return rows.count == 50 && rows.allSatisfy { $0.revision == 6 }
    }
    #expect(feed.board.count == 150)
    #expect(feed.board.windowStarts(of: view.name).last == newest)
  }

  @Test func windowsBeforeAreReadAgainWhenTheNewestAreDeleted() throws {
    let cluster = try Cluster()
    let topic = RollupTopic(cluster: cluster)
    try topic.fill(windowCount: 20, memberCount: 5)
    let view = cluster.configuration.definitions.views[0]
    let feed = try Self.feed(cluster, windows: 2)
    defer { feed.close() }
    try feed.readToEnd()
    #expect(feed.board.windowStarts(of: view.name) == Self.starts(18..<20, view))
    try topic.delete(windows: 17..<20, memberCount: 5)
    try Self.follow(feed) { $0.windowStarts(of: view.name) == Self.starts(15..<17, view) }
    #expect(feed.board.count == 10)
  }

  @Test func aRangeOfWindowsIsTheBoardOfThatRange() throws {
    let cluster = try Cluster()
    try RollupTopic(cluster: cluster).fill(windowCount: 30, memberCount: 5, revisionCount: 2)
    let view = cluster.configuration.definitions.views[0]
    let starts = Self.starts(10..<12, view)
    let feed = try RollupFeed(
      cluster.configuration, keeping: .windows(starts[0]..<starts[1] + 1_000), logger: quiet)
    defer { feed.close() }
    try feed.readToEnd()
    #expect(feed.board.windowStarts(of: view.name) == starts)
    #expect(feed.board.count == 10 && feed.board.revisionCount == 20)
  }

  @Test func linesAreTheRecordsOfAView() throws {
    let cluster = try Cluster()
    try RollupTopic(cluster: cluster).fill(windowCount: 3, memberCount: 5)
    for (arguments, count) in [
      ([], 15), (["--view", "campaign_5m"], 15), (["--view", "channel_5m"], 0),
    ] {
      let result = try cluster.program.run(arguments: ["tail", "--once", "--json"] + arguments)
      #expect(result.status == 0, "\(result.errors)")
      let lines = result.output.split(separator: "\n")
      #expect(lines.count == count && lines.allSatisfy { $0.hasPrefix(#"{"view":"campaign_5m""#) })
    }
    let table = try cluster.program.run("tail", "--once", "--windows", "2")
    #expect(table.output.contains("2026-01-05T00:05:00Z – 00:15:00Z"), "\(table.output)")
    let wrong = try cluster.program.run("tail", "--windows", "9223372036854775807")
    #expect(wrong.status == 2 && wrong.errors.contains("--windows must be from 1 to 1000000."))
  }

  private static func starts(_ windows: Range<Int>, _ view: View) -> [Milliseconds] {
    windows.map { RollupTopic.start + Milliseconds($0) * view.periodMilliseconds }
  }

  private static func follow(
    _ feed: RollupFeed, sourceLocation: SourceLocation = #_sourceLocation,
    until isThere: (RollupBoard) -> Bool
  ) throws {
    let end = Date() + 20
    while Date() < end {
      if try !feed.advance() {
        if feed.isCaughtUp, isThere(feed.board) { return }
        feed.wait(milliseconds: 50)
      }
    }
    Issue.record(
      "windows at \(feed.board.windowStarts(of: feed.board.views[0].name).map(Time.formatSeconds))",
      sourceLocation: sourceLocation)
  }
}
