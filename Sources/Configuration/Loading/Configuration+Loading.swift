import Foundation

extension Configuration {
  /// The configuration that `file`, then `environment`, then `overrides` make of the defaults; the
  /// later wins, setting by setting, and librdkafka property by property.
  ///
  /// - Parameters:
  ///   - file: Path of a YAML file; nil for none. Every key is optional.
  ///   - environment: All of the process's variables. `TRIBUTARY_` and a setting's path in capitals,
  ///     joined by `_`, sets it; `TRIBUTARY_KAFKA_SECURITY_PROTOCOL` sets the librdkafka property
  ///     `security.protocol`. With `_FILE` behind the name the value stands in a file. An unknown name that
  ///     begins with `TRIBUTARY_` is an error, except those that commands and tests read themselves, and what
  ///     Kubernetes makes for services whose names begin with `tributary`.
  ///   - overrides: Settings from the command line, in the order given.
  /// - Throws: The first fault found, with its place.
  public static func load(
    file: String?, environment: [String: String], overrides: [Override] = []
  ) throws(ConfigurationError) -> Configuration {
    try loadWithOrigins(file: file, environment: environment, overrides: overrides).configuration
  }

  /// As ``load(file:environment:overrides:)``, with where each value comes from: `config.yaml:12`, a variable's
  /// name, a flag. By path; librdkafka properties as `kafka.` and their name. Defaults are not in it.
  public static func loadWithOrigins(
    file: String?, environment: [String: String], overrides: [Override] = []
  ) throws(ConfigurationError) -> (configuration: Configuration, origins: [String: String]) {
    var loader = ConfigurationLoader()
    if let file { try loader.apply(yaml: try contents(of: file), named: file) }
    let configuration = try loader.finish(environment: environment, overrides: overrides)
    let origins = loader.origins.mapValues { value in
      value.source + (value.node.mark.map { ":\($0.line)" } ?? "")
    }
    return (configuration, origins)
  }

  /// As ``load(file:environment:overrides:)``, with the file's text at hand.
  static func load(
    yaml: String, named name: String = "config.yaml", environment: [String: String] = [:],
    overrides: [Override] = []
  ) throws(ConfigurationError) -> Configuration {
    var loader = ConfigurationLoader()
    try loader.apply(yaml: yaml, named: name)
    return try loader.finish(environment: environment, overrides: overrides)
  }

  private static func contents(of file: String) throws(ConfigurationError) -> String {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: file, isDirectory: &isDirectory) else {
      throw ConfigurationError(
        source: file, problem: "there is no such file", advice: "check the path given with -c")
    }
    if isDirectory.boolValue {
      throw ConfigurationError(
        source: file, problem: "is a directory", advice: "give a YAML file with -c")
    }
    guard let bytes = FileManager.default.contents(atPath: file) else {
      throw ConfigurationError(
        source: file, problem: "cannot be read", advice: "check the file's permissions")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw ConfigurationError(source: file, problem: "is not UTF-8", advice: "save it as UTF-8")
    }
    return text
  }
}
