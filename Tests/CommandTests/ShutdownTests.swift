import BrokerKit
import Foundation
import Testing

/// SIGTERM ends a run in order and soon; a second signal ends it at once.
@Suite(.serialized) struct ShutdownTests {
  @Test(arguments: [SIGTERM, SIGINT]) func oneSignalUnderLoadFinishesTheTransaction(
    _ signal: Int32
  ) throws {
    let cluster = try Cluster()
    let folder = try TemporaryFolder()
    let traffic = try cluster.program.start(
      ["generate", "--profile", "dense", "--events", "20000", "--rate", "8000"],
      outputFolder: folder.make("traffic"))
    let run = try cluster.program.start(["run"], outputFolder: folder.make("run"))
    try folder.wait(for: "rollup partition(s) taken over", in: "run/errors")
    usleep(700_000)
    let began = Date()
    kill(run.processIdentifier, signal)
    #expect(run.wait(seconds: 10))
    #expect(run.terminationReason == .exit && run.terminationStatus == 0)
    #expect(Date().timeIntervalSince(began) < 10)
    #expect(traffic.wait(seconds: 60))
    let rest = try cluster.program.run("run", "--exit-at-end")
    #expect(rest.status == 0, "\(rest.errors)")
    let verified = try cluster.program.run("verify", "--all")
    #expect(verified.status == 0, "\(verified.output)\(verified.errors)")
  }

  @Test func aSecondSignalLeavesAtOnceWhileTheBrokerIsAway() throws {
    try withoutBroker { run in
      run.terminate()
      usleep(500_000)
      // It may have left in order by now, if nothing was open; it must not hang.
      let began = Date()
      run.terminate()
      #expect(run.wait(seconds: 5))
      #expect(Date().timeIntervalSince(began) < 1)
    }
  }

  @Test func oneSignalIsEnoughWhileTheBrokerIsAway() throws {
    try withoutBroker { run in
      usleep(500_000)
      let began = Date()
      run.terminate()
      #expect(run.wait(seconds: 60))
      print("left \(Date().timeIntervalSince(began)) s after SIGTERM without a broker")
      #expect(Date().timeIntervalSince(began) < 11)
    }
  }

  /// A processor under load whose broker has just gone away.
  private func withoutBroker(_ body: (Process) throws -> Void) throws {
    let broker = try LocalBroker()
    defer { broker.stop() }
    let cluster = try Cluster(broker: broker)
    let folder = try TemporaryFolder()
    let traffic = try cluster.program.start(
      ["generate", "--profile", "dense", "--events", "100000", "--rate", "5000"],
      outputFolder: folder.make("traffic"))
    defer { kill(traffic.processIdentifier, SIGKILL) }
    let run = try cluster.program.start(["run"], outputFolder: folder.make("run"))
    try folder.wait(for: "rollup partition(s) taken over", in: "run/errors")
    try broker.suspend()
    try body(run)
  }

  @Test func aSecondSignalEndsTheSearchForABroker() throws {
    let folder = try TemporaryFolder()
    let run = try Program().start(["run", "-b", "127.0.0.1:1"], outputFolder: folder.url)
    usleep(1_000_000)
    let began = Date()
    run.terminate()
    usleep(100_000)
    run.terminate()
    #expect(run.wait(seconds: 5))
    #expect(Date().timeIntervalSince(began) < 1)
  }
}

extension TemporaryFolder {
  /// Waits until a file holds `text`, for at most 20 s.
  func wait(for text: String, in path: String) throws {
    for _ in 0..<400 where !self.text(path).contains(text) { usleep(50_000) }
  }
}
