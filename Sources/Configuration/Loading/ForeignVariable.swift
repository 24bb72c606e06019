/// Environment variables that begin with `TRIBUTARY_` without being settings.
enum ForeignVariable {
  /// Those that commands, tests and scripts read themselves, without the prefix.
  private static let ours: Set<String> = [
    "CONFIG", "HTTP_TOKEN", "HTTP_TOKEN_FILE", "JOURNEYS_API_KEY", "JOURNEYS_API_KEY_FILE",
    "NOIDA_DB",
  ]

  /// Whether the variable is none of the configuration's.
  ///
  /// Kubernetes and Docker give every container variables for each service near it, named after the
  /// service: one called `tributary-serve` or `tributary-kafka-bootstrap` makes names that begin as
  /// ours do. They are known by their form.
  ///
  /// - Parameters:
  ///   - name: without `TRIBUTARY_`.
  ///   - value: told apart only for names that a setting could have.
  static func contains(_ name: Substring, value: String) -> Bool {
    if name.hasPrefix("TEST_") || ours.contains(String(name)) { return true }
    if isOfService(name, "SERVICE_HOST") || isOfService(name, "SERVICE_PORT") { return true }
    if name.contains(/(^|_)SERVICE_PORT_[A-Z0-9_]+$/) { return true }
    if name.contains(/(^|_)PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/) { return true }
    return isOfService(name, "PORT") && value.wholeMatch(of: /(tcp|udp|sctp):\/\/.*/) != nil
  }

  /// Whether `name` is `suffix`, alone or behind a service's name.
  private static func isOfService(_ name: Substring, _ suffix: String) -> Bool {
    name == suffix || name.hasSuffix("_" + suffix)
  }
}
