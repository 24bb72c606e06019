import Foundation
import TestServers
import Testing

/// `demo`: all of it in one command.
@Suite(.serialized) struct DemoTests {
  @Test func theDemoServesItsDashboardWhileItRunsAndNoLonger() throws {
    let cluster = try Cluster(partitions: nil)
    let folder = try TemporaryFolder()
    let demo = try cluster.program.start(
      [
        "demo", "-b", cluster.broker.bootstrapServers, "--rate", "500", "--dashboard-port", "0",
      ], outputFolder: folder.make("demo"))
    defer { _ = demo.wait(seconds: 0) }
    let scrape = Scrape(address: try Scrape.address(in: folder, "demo/errors"))
    var rollups = 0.0
    for _ in 0..<300 where rollups == 0 {
      rollups = (try? scrape.metrics().sum("tributary_rollups")) ?? 0
      usleep(100_000)
    }
    #expect(rollups > 0)
    #expect(try scrape.get("/api/summary").body.contains("campaign_10s"))
    // Ctrl-C.
    kill(demo.processIdentifier, SIGINT)
    #expect(demo.wait(seconds: 20))
    #expect(demo.terminationStatus == 0)
    #expect(throws: ToolFailure.self) { try scrape.get("/livez") }
    #expect(folder.text("demo/output").contains("records/s"))
  }
}
