import ArgumentParser
import Configuration
import Foundation
import Logging

/// The options of every command: where the configuration comes from, and how loud the log is.
struct GlobalOptions: ParsableArguments {
  @Option(name: [.customShort("c"), .customLong("config")], help: "Configuration file (YAML).")
  var config: String?

  @Option(
    name: [.customShort("b"), .customLong("bootstrap-servers")],
    help: "Kafka brokers, as host:port,host:port.")
  var bootstrapServers: String?

  @Option(
    name: [.customShort("X"), .customLong("kafka")],
    help: ArgumentHelp("Any librdkafka property; repeatable.", valueName: "property=value"))
  var kafka: [String] = []

  @Option(help: "How much to log.")
  var logLevel: LogLevel = .info

  /// File, then `TRIBUTARY_*` environment, then flags.
  func load() throws -> Configuration {
    var overrides: [Configuration.Override] = kafka.map { .kafkaProperty($0) }
    if let bootstrapServers { overrides.append(.bootstrapServers(bootstrapServers)) }
    return try Configuration.load(
      file: config, environment: ProcessInfo.processInfo.environment, overrides: overrides)
  }

  /// A logger that writes to standard error.
  func makeLogger() -> Logger {
    var logger = Logger(label: "tributary", factory: { _ in StandardErrorLog() })
    logger.logLevel = Logger.Level(rawValue: logLevel.rawValue) ?? .info
    return logger
  }
}

/// swift-log's levels, as a flag's values.
enum LogLevel: String, ExpressibleByArgument, CaseIterable {
  case trace, debug, info, notice, warning, error, critical
}
