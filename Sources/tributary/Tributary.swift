import ArgumentParser
import BrokerKit
import Cluster
import Codec
import Configuration
import Files
import Foundation
import Inputs
import Journeys
import Kafka
import Logging
import Reporting
import SQLSink
import SQLite
import Service

@main
struct Tributary: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tributary",
    abstract:
      "Exactly-once ad attribution for Kafka: one computation for the dashboard and the bill.",
    discussion: """
      Reads impressions, clicks and conversions, credits every conversion under several models at \
      once, and keeps 5-minute rollups in a compacted topic. Data goes to standard output, logs to \
      standard error. Exit code 0: done, 1: failed, 2: wrong usage or configuration.
      """,
    version: BuildInfo.version,
    subcommands: [
      RunCommand.self, DemoCommand.self, GenerateCommand.self, AttributeCommand.self,
      IngestCommand.self, InputsCommand.self, TopicsCommand.self, TailCommand.self,
      ReportCommand.self, ExportCommand.self, ServeCommand.self, SinkCommand.self,
      ExplainCommand.self, LagCommand.self, TasksCommand.self, HealthCommand.self,
      EraseCommand.self, SizeCommand.self,
      LateCommand.self, DeadLettersCommand.self, BackfillCommand.self,
      JourneysCommand.self, VerifyCommand.self, ResetCommand.self, ConfigCommand.self,
      BenchCommand.self,
      BenchPartCommand.self,
    ])

  /// Runs the command; a failure is one line on standard error.
  static func main() {
    StandardStreams.reserve()
    // A reader that is gone is told by the write that fails, here and in every client of a socket.
    signal(SIGPIPE) { _ in }
    let arguments = ProcessArguments.takeSecretsAway()
    do {
      var command = try parseAsRoot(Array(arguments.dropFirst()))
      try command.run()
    } catch {
      exit(withFailure: error)
    }
  }

  private static func exit(withFailure error: any Error) -> Never {
    switch error {
    case is StandardOutput.Closed:
      Foundation.exit(0)
    case let error as ConfigurationError:
      complain("\(error)")
      Foundation.exit(2)
    case let error as KafkaError:
      complain(
        GlobalOptions.configurationInUse.map { MissingRight.text(of: error, $0) } ?? "\(error)")
      Foundation.exit(1)
    case is OperatorError, is LogStall, is LocalBroker.Unavailable,
      is ReportingError,
      is SQLError, is SQLiteError, is FileError, is StoreRefusal, is StoreOutage, is JourneyError,
      is ListenError, is Failure, is SchemaUnavailable, is InputError, is UnreadableRecord:
      complain("\(error)")
      Foundation.exit(1)
    default:
      let code = exitCode(for: error)
      let message = fullMessage(for: error)
      if code.isSuccess {
        do { if !message.isEmpty { try StandardOutput.print(message) } } catch {
          exit(withFailure: error)
        }
        Foundation.exit(0)
      }
      if !message.isEmpty { StandardError.write(message + "\n") }
      Foundation.exit(code == .validationFailure ? 2 : code.rawValue)
    }
  }

  private static func complain(_ text: String) {
    StandardError.say(text)
  }
}

/// A command that cannot do what it was asked: one line that says why, and exit code 1.
struct Failure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
