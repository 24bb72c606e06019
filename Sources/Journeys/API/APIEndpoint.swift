internal import Foundation

/// Where journeys are posted to.
package struct APIEndpoint: Sendable {
  /// With the conversion type as `conv_type_id`.
  let url: String
  /// Scheme, host and path only: user, password and query may be secret.
  package let name: String
  package let conversionType: String
  /// Whether the key would travel unencrypted to another machine.
  package let isExposed: Bool

  package init(url text: String, conversionType: String) throws(JourneyError) {
    guard var parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(),
      scheme == "http" || scheme == "https", let host = parts.host, !host.isEmpty
    else { throw JourneyError("--url must be http://… or https://… with a host") }
    self.conversionType = conversionType
    parts.fragment = nil
    var allowed = CharacterSet.alphanumerics
    allowed.formUnion(CharacterSet(charactersIn: "-._~"))
    let value = String(
      conversionType.utf8.flatMap { byte -> [Character] in
        let isPlain = byte < 0x80 && allowed.contains(Unicode.Scalar(byte))
        return isPlain ? [Character(Unicode.Scalar(byte))] : Array(String(format: "%%%02X", byte))
      })
    let before = parts.percentEncodedQuery.map { $0.isEmpty ? "" : $0 + "&" } ?? ""
    parts.percentEncodedQuery = before + "conv_type_id=" + value
    guard let url = parts.string else { throw JourneyError("--url is no address") }
    self.url = url
    let port = parts.port.map { ":\($0)" } ?? ""
    name = "\(scheme)://\(host)\(port)\(parts.path)"
    isExposed =
      scheme == "http" && host != "localhost" && host != "[::1]" && !host.hasPrefix("127.")
  }
}
