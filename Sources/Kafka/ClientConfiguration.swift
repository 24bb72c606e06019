/// The properties of one client, by their librdkafka names, as text.
///
/// Every property of librdkafka passes through unchanged (see its `CONFIGURATION.md`). Names and
/// values are checked when a client is made: a wrong one throws a ``KafkaError`` that names it.
///
/// ```swift
/// var configuration: ClientConfiguration = ["bootstrap.servers": "localhost:9092"]
/// configuration["group.id"] = "tributary"
/// ```
///
/// Its description hides the values of secret properties, so it may be logged.
public struct ClientConfiguration: Sendable, Equatable, ExpressibleByDictionaryLiteral,
  CustomStringConvertible
{
  /// Name to value.
  public var properties: [String: String]

  public init(_ properties: [String: String] = [:]) {
    self.properties = properties
  }

  public init(dictionaryLiteral elements: (String, String)...) {
    properties = Dictionary(elements) { _, last in last }
  }

  /// The value of `key`; `nil` leaves it to librdkafka's default.
  public subscript(key: String) -> String? {
    get { properties[key] }
    set { properties[key] = newValue }
  }

  /// These properties, overridden by those of `other` where both have one.
  public func merging(_ other: ClientConfiguration) -> ClientConfiguration {
    ClientConfiguration(properties.merging(other.properties) { _, theirs in theirs })
  }

  /// One line, sorted by name, secrets as `***`.
  public var description: String {
    properties.sorted { $0.key < $1.key }
      .map { "\($0.key)=\(Self.isSecret($0.key) ? "***" : $0.value)" }
      .joined(separator: " ")
  }

  /// Whether the value of `property` must never be shown or logged.
  public static func isSecret(_ property: String) -> Bool {
    let name = property.lowercased()
    let marks = ["password", "secret", "sasl.jaas", "oauthbearer.config", "key.pem", "token"]
    return marks.contains { contains(name, $0) }
  }

  /// Substring search without Foundation; names are short and this runs at start-up only.
  private static func contains(_ text: String, _ part: String) -> Bool {
    let text = Array(text.utf8)
    let part = Array(part.utf8)
    guard text.count >= part.count else { return false }
    return (0...(text.count - part.count)).contains { start in
      text[start..<(start + part.count)].elementsEqual(part)
    }
  }
}
