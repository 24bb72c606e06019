import ArgumentParser
import Configuration
import Foundation
import Logging
import Synchronization

/// The options of every command: where the configuration comes from, and how loud the log is.
struct GlobalOptions: ParsableArguments {
  @Option(
    name: [.customShort("c"), .customLong("config")],
    help: ArgumentHelp(
      "Configuration file (YAML); default: TRIBUTARY_CONFIG, or \(Self.usualFile) if it is there.",
      valueName: "file"))
  var config: String?

  @Option(
    name: [.customShort("b"), .customLong("bootstrap-servers")],
    help: "Kafka brokers, as host:port,host:port.")
  var bootstrapServers: String?

  @Option(
    name: [.customShort("X"), .customLong("kafka")],
    help: ArgumentHelp("Any librdkafka property; repeatable.", valueName: "property=value"))
  var kafka: [String] = []

  @Option(
    name: [.customShort("s"), .customLong("set")],
    help: ArgumentHelp("Any setting, as in lookback=7d; repeatable.", valueName: "key=value"))
  var set: [String] = []

  @Option(help: "How much to log.")
  var logLevel: LogLevel = .info

  @Option(help: "Log lines as text or as JSON objects; default: log_format of the configuration.")
  var logFormat: LogFormat?

  /// Where the configuration is looked for if nobody says where it is.
  static let usualFile = "/etc/tributary/tributary.yaml"

  private static let inUse = Mutex<Configuration?>(nil)
  /// What was loaded last: what an error that ends the program is explained by. Nil before that.
  static var configurationInUse: Configuration? { inUse.withLock { $0 } }

  /// File, then `TRIBUTARY_*` environment, then flags.
  func load() throws -> Configuration { try loadWithOrigins().configuration }

  /// As ``load()``, with where each value comes from.
  func loadWithOrigins() throws -> (configuration: Configuration, origins: [String: String]) {
    let environment = ProcessInfo.processInfo.environment
    var overrides: [Configuration.Override] = kafka.map { .kafkaProperty($0) }
    overrides += set.map { .assignment($0) }
    if let bootstrapServers { overrides.append(.bootstrapServers(bootstrapServers)) }
    if let logFormat {
      // What is wrong with the configuration is said in this form already.
      StandardError.use(logFormat)
      overrides.append(
        .setting(path: "log_format", value: logFormat.rawValue, flag: "--log-format"))
    }
    var loaded = try Configuration.loadWithOrigins(
      file: file(environment), environment: environment, overrides: overrides)
    StandardError.use(loaded.configuration.logFormat)
    Self.inUse.withLock { $0 = loaded.configuration }
    try loaded.configuration.readPseudonymKey()
    return loaded
  }

  /// The configuration file that is read; nil for none.
  private func file(_ environment: [String: String]) -> String? {
    if let config { return config }
    if let named = environment["TRIBUTARY_CONFIG"], !named.isEmpty { return named }
    return FileManager.default.fileExists(atPath: Self.usualFile) ? Self.usualFile : nil
  }

  /// A logger that writes to standard error.
  func makeLogger() -> Logger {
    var logger = Logger(label: "tributary", factory: { _ in StandardErrorLog() })
    logger.logLevel = Logger.Level(rawValue: logLevel.rawValue) ?? .info
    return logger
  }
}

extension LogFormat: ExpressibleByArgument {}

/// swift-log's levels, as a flag's values.
enum LogLevel: String, ExpressibleByArgument, CaseIterable {
  case trace, debug, info, notice, warning, error, critical
}
