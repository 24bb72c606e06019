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

  @Test func itPrintsNothingButJSONWhereThatIsAskedFor() throws {
    let cluster = try Cluster(partitions: nil)
    let result = try cluster.program.run(
      "demo", "-b", cluster.broker.bootstrapServers, "--rate", "500", "--dashboard-port", "0",
      "--duration", "2s", "--json")
    #expect(result.status == 0, "\(result.errors)")
    let lines = try result.output.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    #expect((lines.first?["dashboard"] as? String)?.hasPrefix("http://127.0.0.1:") == true)
    #expect(lines.count == 2 && lines.last?.isEmpty == false, "\(result.output)")
  }
}
