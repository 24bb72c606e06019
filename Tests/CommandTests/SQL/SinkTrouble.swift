import Foundation
import TestServers
import Testing

/// A sink that follows the topics while a test makes trouble for its database.
struct FollowingSink {
  let process: Process
  private let folder: TemporaryFolder

  init(_ cluster: Cluster, to address: String) throws {
    folder = try TemporaryFolder()
    process = try cluster.program.start(
      ["sink", "--to", address], outputFolder: folder.make("sink"))
  }

  var errors: String { folder.text("sink/errors") }

  /// Waits for a line on standard error.
  func expectLine(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) {
    for _ in 0..<400 where !errors.contains(text) { usleep(50_000) }
    #expect(errors.contains(text), "\(errors)", sourceLocation: sourceLocation)
  }

  /// SIGTERM; it must end well within seconds.
  func end(sourceLocation: SourceLocation = #_sourceLocation) {
    process.terminate()
    #expect(process.wait(seconds: 10), sourceLocation: sourceLocation)
    #expect(process.terminationStatus == 0, "\(errors)", sourceLocation: sourceLocation)
  }
}

/// Another session of a database, which does what it is told and keeps its transaction open.
struct DatabaseSession {
  private let session = Process()
  private let input = Pipe()
  private let output = Pipe()

  init(_ database: TestDatabase) throws {
    session.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    session.arguments = ["psql", database.address, "--no-psqlrc", "-qAt"]
    session.standardInput = input
    session.standardOutput = output
    session.standardError = FileHandle.nullDevice
    try session.run()
  }

  /// Sends statements; waits for none.
  func send(_ sql: String) throws {
    try input.fileHandleForWriting.write(contentsOf: Data("\(sql)\n".utf8))
  }

  /// Sends statements and waits until they are done.
  func run(_ sql: String) throws {
    try send("\(sql) SELECT 'done';")
    let answer = output.fileHandleForReading.availableData
    #expect(String(decoding: answer, as: UTF8.self) == "done\n")
  }

  /// Ends the session, and with it the transaction.
  func end() {
    try? input.fileHandleForWriting.close()
    session.waitUntilExit()
  }
}

extension TestDatabase {
  /// Waits until the database holds so many rollups of a revision.
  func expect(
    _ count: Int, ofRevision revision: Int, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    expect(
      "\(count)", of: "SELECT count(*) FROM rollups WHERE revision = \(revision);",
      sourceLocation: sourceLocation)
  }

  /// Waits until the database answers this.
  func expect(
    _ answer: String, of question: String, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    for _ in 0..<600 {
      // The tables may not be there yet.
      if (try? ask(question)) == answer + "\n" { return }
      usleep(20_000)
    }
    Issue.record("\(self) never answered \(answer) to \(question)", sourceLocation: sourceLocation)
  }
}
