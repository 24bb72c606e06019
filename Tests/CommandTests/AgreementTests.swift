import Foundation
import TestServers
import Testing

/// One number for the dashboard and the bill, at every moment.
@Suite(.serialized) struct AgreementTests {
  @Test func everyReaderShowsTheSameDigitsOfClosedWindowsAtManyMoments() throws {
    // No input falls idle meanwhile: what is closed is for the watermark to say, and the newest windows
    // stay open.
    let cluster = try Cluster([
      "TRIBUTARY_MODELS": "[last_touch, linear]", "TRIBUTARY_IDLE_TIMEOUT": "10m",
      "TRIBUTARY_COMMIT_INTERVAL": "200ms",
    ])
    let databases = try TestDatabase.Kind.allCases.map { try TestDatabase($0) }
    defer { for database in databases { database.remove() } }
    let folder = try TemporaryFolder()
    var processes: [Process] = []
    defer {
      for process in processes { process.terminate() }
      for process in processes { _ = process.wait(seconds: 15) }
    }
    func start(_ name: String, _ arguments: String...) throws {
      processes.append(try cluster.program.start(arguments, outputFolder: folder.make(name)))
    }
    try start("run", "run", "--http", "0")
    try start("serve", "serve", "--port", "0")
    for database in databases {
      try start(database.kind.rawValue, "sink", "--to", database.address)
    }
    let script = DocumentTests.root.appendingPathComponent(
      "Tests/CommandTests/Browser/agreement.py")
    let output = try runTool(
      "python3",
      [
        script.path, Program.url.path, try Scrape.address(in: folder, "run/errors"),
        try Scrape.address(in: folder, "serve/output"),
        String(databases.first { $0.kind == .sqlite }!.address.dropFirst("sqlite:".count)),
        databases.first { $0.kind == .postgres }!.address,
      ], environment: cluster.program.environment)
    print(output, terminator: "")
    #expect(output.contains("closed rollups compared"))
    let running = processes.count(where: \.isRunning)
    #expect(running == 4)
  }
}
