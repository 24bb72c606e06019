import Foundation
import TestServers
import Testing

/// axe-core's rules, where they are installed: `TRIBUTARY_TEST_AXE` names the file.
private let rules = ProcessInfo.processInfo.environment["TRIBUTARY_TEST_AXE"].flatMap {
  FileManager.default.isReadableFile(atPath: $0) ? $0 : nil
}
private let advice: Comment =
  "TRIBUTARY_TEST_AXE does not name axe.min.js: pip install axe-playwright-python brings it"

/// The page in a real browser, over numbers that are known. `NewsTests` are about how it hears of news, `PageTests` about
/// a real cluster.
@Suite("What a person can do on the page", .serialized)
struct BrowserTests {
  @Test("Figures, chart, drill-down, search, downloads, saved views, news: desktop and phone")
  func features() throws {
    let server = try TestServer()
    server.fill()
    server.fillAds()
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("news-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let wish = folder.appendingPathComponent("news").path
    // Until the folder is taken away.
    Thread.detachNewThread {
      while FileManager.default.fileExists(atPath: folder.path) {
        if unlink(wish) == 0 { server.makeNews() }
        usleep(20_000)
      }
    }
    try run("features.py", server, folder.path)
  }

  @Test(
    "axe-core finds nothing, on desktop and phone, light and dark",
    .enabled(if: rules != nil, advice))
  func access() throws {
    let server = try TestServer()
    server.fill()
    server.fillAds()
    try run("access.py", server, try #require(rules))
  }

  private func run(_ script: String, _ server: TestServer, _ argument: String) throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent()
    var arguments = [
      root.appendingPathComponent("CommandTests/Browser/\(script)").path,
      "http://127.0.0.1:\(server.port)", argument,
    ]
    // For a person to look at.
    if let pictures = ProcessInfo.processInfo.environment["TRIBUTARY_TEST_PICTURES"] {
      arguments.append(pictures)
    }
    #expect(try runTool("python3", arguments) == "ok\n")
  }
}
