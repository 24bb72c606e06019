import Foundation
import TestServers
import Testing

/// The dashboard's page, in a real browser.
@Suite(.serialized) struct PageTests {
  @Test func thePageShowsTheDigitsOfTheReportAndMovesWithTheTopic() throws {
    let cluster = try Cluster(["TRIBUTARY_MODELS": "[last_touch, linear]"])
    for arguments in [
      [
        "generate", "--profile", "dense", "--events", "30000", "--seed", "7", "--start",
        "2026-01-05T08:00:00Z",
        "--users", "2000", "--late", "0.05", "--costs",
      ], ["run", "--exit-at-end"],
    ] {
      let result = try cluster.program.run(arguments: arguments)
      #expect(result.status == 0, "\(result.errors)")
    }
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("page-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let server = try cluster.program.start(
      ["serve", "--port", "0", "--json"], outputFolder: folder)
    defer {
      server.terminate()
      server.waitUntilExit()
    }
    let address = try address(in: folder.appendingPathComponent("output"))
    let script = DocumentTests.root.appendingPathComponent("Tests/CommandTests/Browser/page.py")
    var arguments = [script.path, address, Program.url.path]
    // For a person to look at.
    if let pictures = ProcessInfo.processInfo.environment["TRIBUTARY_TEST_PICTURES"] {
      arguments.append(pictures)
    }
    let output = try runTool("python3", arguments, environment: cluster.program.environment)
    #expect(output == "ok\n")
    #expect(server.isRunning)
  }

  /// Where the server says that it is, without the slash at the end.
  private func address(in file: URL) throws -> String {
    for _ in 0..<200 {
      let text = try String(contentsOf: file, encoding: .utf8)
      if let match = text.firstMatch(of: #/"address":"(.*)/"/#) { return String(match.output.1) }
      usleep(50_000)
    }
    throw ToolFailure(description: "the dashboard did not start")
  }
}
