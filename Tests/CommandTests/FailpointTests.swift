import BrokerKit
import Foundation
import Pipeline
import Testing
import Traffic

/// The process dies at each step of a commit of each stage; its successor makes the result whole.
@Suite struct FailpointTests {
  @Test(arguments: Failpoint.names) func deathAtAnyStepOfACommitChangesNoNumber(
    _ name: String
  ) throws {
    let pass = FailpointTests.pass(of: name)
    let cluster = try Cluster(FailpointTests.settings)
    let folder = try TemporaryFolder()
    let traffic = try cluster.program.start(
      [
        "generate", "--profile", "dense", "--events", "1000000", "--rate", "4000", "--users", "500",
        "--costs",
      ],
      outputFolder: folder.make("traffic"))
    defer { kill(traffic.processIdentifier, SIGKILL) }
    var doomed = cluster.program
    doomed.environment[Failpoint.variable] = "\(name):\(pass)"
    let process = try doomed.start(["run"], outputFolder: folder.make("run"))
    #expect(process.wait(seconds: 60), "\(name):\(pass) was never reached")
    #expect(process.terminationReason == .uncaughtSignal, "\(folder.text("run/errors"))")
    #expect(process.terminationStatus == SIGKILL)
    traffic.terminate()
    #expect(traffic.wait(seconds: 60) && traffic.terminationStatus == 0)

    let successor = try cluster.program.run("run", "--exit-at-end")
    #expect(successor.status == 0, "\(name):\(pass): \(successor.errors)")
    let verified = try cluster.program.run("verify", "--all")
    #expect(verified.status == 0, "\(name):\(pass): \(verified.output)\(verified.errors)")
  }

  @Test func aWrongNameIsAnsweredWithTheRightOnes() throws {
    for (text, complaint) in [
      ("rollups.sometimes", "there is no failpoint \"rollups.sometimes\"; there are"),
      ("after-commit", "there is no failpoint \"after-commit\""),
      ("rollups.after-commit:soon", "\"soon\" is not a number of passes"),
      ("rollups.after-commit:0", "\"0\" is not a number of passes"),
    ] {
      let result = try Program(environment: [Failpoint.variable: text]).run("run")
      #expect(result.status == 2)
      #expect(result.errors.contains(complaint), "\(result.errors)")
      #expect(result.errors.split(separator: "\n").count == 1)
    }
  }

  /// Many small commits, and windows short enough that some are final and corrected.
  private static let settings = [
    "TRIBUTARY_COMMIT_INTERVAL": "50ms", "TRIBUTARY_WATERMARK_DELAY": "500ms",
    "TRIBUTARY_MODELS": "[last_touch, linear]",
    "TRIBUTARY_VIEWS": "[{name: campaign_1s, dimensions: [campaign_id], period: 1s}]",
  ]

  /// When to die, drawn by name: a step is taken once per commit, records are many.
  private static func pass(of name: String) -> Int {
    var random = SeededRandom(seed: UInt64(Failpoint.names.firstIndex(of: name)!))
    return Int(1 + random.below(name.hasSuffix("-produce") ? 200 : 4))
  }
}
