/// Scheme, host, port and path of an http or https URL.
struct WebAddress: Sendable, Equatable {
  let scheme: String
  /// Without the port; of IPv6 in brackets.
  let host: String
  /// Host and port, as they stand in the URL.
  let authority: String
  /// Begins with a slash, or is empty.
  let path: String

  /// nil for anything else, for one with a user in it, and for one with a query.
  init?(_ text: String) {
    guard let match = text.wholeMatch(of: /(https?):\/\/([^\/?#@\s]+)(\/[^?#\s]*)?/) else {
      return nil
    }
    scheme = String(match.1)
    authority = String(match.2)
    path = match.3.map(String.init) ?? ""
    guard let parts = authority.wholeMatch(of: /(\[[0-9A-Fa-f:.]+\]|[^:\[\]]+)(:\d{1,5})?/) else {
      return nil
    }
    host = String(parts.1)
  }

  /// Without the path.
  var origin: String { "\(scheme)://\(authority)" }
}
