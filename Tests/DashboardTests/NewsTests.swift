import Foundation
import TestServers
import Testing

@Suite("How the page hears of news", .serialized)
struct NewsTests {
  @Test("All tabs share one stream, hidden ones have none, and without streams the page asks")
  func streams() throws {
    let server = try TestServer()
    server.fill()
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent()
    var arguments = [
      root.appendingPathComponent("CommandTests/Browser/news.py").path,
      "http://127.0.0.1:\(server.port)",
    ]
    // For a person to look at.
    if let pictures = ProcessInfo.processInfo.environment["TRIBUTARY_TEST_PICTURES"] {
      arguments.append("\(pictures)/tabs.png")
    }
    #expect(try runTool("python3", arguments) == "ok\n")
  }
}
