import Foundation
import Testing

/// `health`: the health check of containers.
@Suite struct HealthTests {
  @Test func itSaysWhetherAProcessIsAliveAndReady() throws {
    // Nobody listens there, so the processor is alive and never ready.
    let program = Program(environment: ["TRIBUTARY_BOOTSTRAP_SERVERS": "127.0.0.1:1"])
    let folder = try TemporaryFolder()
    let run = try program.start(["run", "--http", "0"], outputFolder: folder.make("run"))
    defer { _ = run.wait(seconds: 0) }
    let address = try Scrape.address(in: folder, "run/errors")
    let place = String(try #require(address.firstMatch(of: #/[0-9.]+:[0-9]+/#)).output)

    let alive = try Program().run("health", "--http", place)
    #expect(alive.status == 0)
    #expect(alive.output == "alive\n")
    #expect(alive.errors.isEmpty)
    let json = try Program().run("health", "--http", place, "--json")
    #expect(
      json.output == #"{"asked":"http://\#(place)/livez","status":200,"answer":"alive"}"# + "\n")
    let ready = try Program().run("health", "--ready", "--http", place)
    #expect(ready.status == 1)
    #expect(ready.output.isEmpty)
    #expect(ready.errors == "tributary: http://\(place)/readyz answers 503: starting\n")
  }

  @Test func aProcessThatDoesNotListenIsNotHealthy() throws {
    let result = try Program().run("health", "--http", "127.0.0.1:1", "--timeout", "2")
    #expect(result.status == 1)
    #expect(result.output.isEmpty)
    #expect(result.errors.hasPrefix("tributary: http://127.0.0.1:1/livez gives no answer: "))
    #expect(result.errors.split(separator: "\n").count == 1)
  }

  @Test func theConfigurationIsNotRead() throws {
    let program = Program(environment: ["TRIBUTARY_CONFIG": "/nowhere/tributary.yaml"])
    #expect(try program.run("health", "--http", "127.0.0.1:1").status == 1)
  }

  @Test(arguments: [["--http", "nowhere"], ["--timeout", "0"], ["--timeout", "nan"]])
  func wrongUsageIsRefused(_ arguments: [String]) throws {
    #expect(try Program().run(arguments: ["health"] + arguments).status == 2)
  }
}
