/// Bucket, key and version of an object.
struct ObjectName: Sendable, Hashable, CustomStringConvertible {
  var bucket: String
  var key: String
  /// nil for the newest one.
  var version: String?

  /// As people write it. Characters that no line of a log should hold are encoded.
  var description: String { "s3://\(bucket)/\(ObjectName.shown(key))" }

  /// The key without what could forge a line of a log.
  static func shown(_ key: String) -> String {
    guard key.unicodeScalars.contains(where: isHidden) else { return key }
    return key.unicodeScalars.map { isHidden($0) ? QueryText.encoded(String($0)) : String($0) }
      .joined()
  }

  private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: true
    default: false
    }
  }
}

/// A bucket and the beginning of keys in it: `s3://bucket/prefix`.
public struct ObjectPrefix: Sendable, Equatable, CustomStringConvertible {
  let bucket: String
  let prefix: String

  /// nil for what is no such URL.
  public init?(_ url: String) {
    guard let match = url.wholeMatch(of: /s3:\/\/([A-Za-z0-9][A-Za-z0-9._-]{1,254})(?:\/(.*))?/)
    else {
      return nil
    }
    bucket = String(match.1)
    prefix = match.2.map(String.init) ?? ""
  }

  public var description: String { "s3://\(bucket)/\(ObjectName.shown(prefix))" }

  /// Whether a text means a place in an object store.
  public static func isMeant(by text: String) -> Bool { text.lowercased().hasPrefix("s3://") }
}
