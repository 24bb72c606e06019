import Foundation
import Testing

/// Data that cannot be written are an error; log lines that cannot be written are nothing.
@Suite(.serialized) struct OutputTests {
  /// Runs the program by a shell, with its output where the shell's words put it.
  private func shell(_ words: String, _ cluster: Cluster, timeout: Double = 120) throws
    -> Program.Result
  {
    let folder = try TemporaryFolder()
    defer { withExtendedLifetime(folder) {} }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/bash")
    process.arguments = [
      "-c", words.replacingOccurrences(of: "tributary", with: "'\(Program.url.path)'"),
    ]
    var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("TRIBUTARY_") }
    environment.merge(cluster.program.environment) { $1 }
    process.environment = environment
    process.standardInput = FileHandle.nullDevice
    func file(_ name: String) throws -> URL {
      let url = folder.url.appendingPathComponent(name)
      try Data().write(to: url)
      return url
    }
    let (output, errors) = (try file("output"), try file("errors"))
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: errors)
    let began = Date()
    try process.run()
    while process.isRunning && Date() < began + timeout { usleep(5_000) }
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
    return Program.Result(
      status: process.terminationStatus, output: try String(contentsOf: output, encoding: .utf8),
      errors: try String(contentsOf: errors, encoding: .utf8),
      seconds: Date().timeIntervalSince(began))
  }

  @Test func dataThatCannotBeWrittenAreAnError() throws {
    let cluster = try Cluster()
    _ = try cluster.program.run("generate", "--profile", "dense", "--events", "3000")
    #expect(try cluster.program.run("run", "--exit-at-end").status == 0)
    let conversion = try #require(
      try cluster.records(of: cluster.configuration.topics.attributions).first?.key)
    let id = String(decoding: conversion, as: UTF8.self)
    for command in [
      "--help", "--version", "topics create", "topics describe", "topics describe --json",
      "generate --events 10", "generate --events 10 --json", "run --exit-at-end",
      "run --exit-at-end --json", "report --provisional --day 2026-01-05",
      "report --provisional --day 2026-01-05 --json",
      "report --provisional --day 2026-01-05 --format csv", "explain '\(id)'",
      "explain '\(id)' --json",
      "late", "late --json", "verify", "verify --json", "tail --once", "tail --once --json",
      "reset --yes",
    ] {
      let result = try shell("tributary \(command) > /dev/full", cluster)
      #expect(result.status == 1, "\(command): \(result)")
      #expect(
        result.errors.split(separator: "\n").last?.contains(
          "standard output cannot be written: No space left on device") == true,
        "\(command): \(result.errors)")
    }
  }

  @Test func logLinesThatCannotBeWrittenAreNothing() throws {
    let cluster = try Cluster()
    _ = try cluster.program.run("generate", "--profile", "dense", "--events", "3000")
    for errors in ["2>/dev/full", "2>&-", "2>/dev/full --log-level debug"] {
      let result = try shell("tributary run --exit-at-end \(errors)", cluster)
      #expect(result.status == 0, "\(errors): \(result)")
      #expect(result.output.contains("conversions"))
    }
    let failed = try shell("tributary run -b 127.0.0.1:nonsense 2>/dev/full", cluster)
    #expect(failed.status == 1 || failed.status == 2, "\(failed)")
  }

  @Test func aReaderThatHasHadEnoughEndsACommandQuietly() throws {
    let cluster = try Cluster()
    _ = try cluster.program.run("generate", "--profile", "dense", "--events", "20000")
    #expect(try cluster.program.run("run", "--exit-at-end").status == 0)
    for command in ["tail --once --json", "report --provisional --day 2026-01-05 --json"] {
      let result = try shell("set -o pipefail; tributary \(command) | head -c 1", cluster)
      #expect(result.status == 0, "\(command): \(result)")
      #expect(result.errors.isEmpty, "\(command): \(result.errors)")
    }
  }
}
