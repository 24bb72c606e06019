import ArgumentParser
import BrokerKit
import Dispatch
import Foundation

/// Runs a local broker until it is told to end. For use by hand: `scripts/broker`.
@main struct LocalBrokerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "local-broker",
    abstract: "Run a Kafka-protocol broker on 127.0.0.1 until SIGTERM or Ctrl-C.",
    discussion: """
      It answers as Kafka does as far as Tributary is concerned: docs/ARCHITECTURE.md says where it does \
      not. Its data stay.
      """)

  @Option(help: "Where it listens.")
  var port: UInt16 = 9092

  @Option(help: "Where its data are, with its log beside them.")
  var dataDir: String

  func run() throws {
    let folder = URL(fileURLWithPath: dataDir)
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw failure("cannot make \(folder.path): \(error.localizedDescription)")
    }
    let end = DispatchSemaphore(value: 0)
    let sources = [SIGTERM, SIGINT, SIGHUP].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { end.signal() }
      source.resume()
      return source
    }
    let broker: LocalBroker
    do {
      broker = try LocalBroker(port: port, dataDirectory: folder.path)
    } catch {
      throw failure(error.description)
    }
    let line = "broker on \(broker.bootstrapServers), data in \(folder.path)\n"
    try? FileHandle.standardOutput.write(contentsOf: Data(line.utf8))
    withExtendedLifetime(sources) { end.wait() }
    broker.stopAndWait()
  }

  private func failure(_ text: String) -> ExitCode {
    try? FileHandle.standardError.write(contentsOf: Data("error: \(text)\n".utf8))
    return .failure
  }
}
