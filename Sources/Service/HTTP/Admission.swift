import HTTPTypes

/// Who may ask: nobody else's web page, and only those who know a token if there is one.
struct Admission: Sendable {
  /// With every response. The page's own scripts and styles run, and nothing else.
  static let safetyHeaders: HTTPHeaders = [
    .contentSecurityPolicy:
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
      + "img-src 'self' data:; base-uri 'self'; form-action 'none'; frame-ancestors 'none'",
    .xContentTypeOptions: "nosniff",
    HTTPField.Name("Referrer-Policy")!: "no-referrer",
    .crossOriginResourcePolicy: "same-origin",
    HTTPField.Name("Cross-Origin-Opener-Policy")!: "same-origin",
  ]

  private let settings: HTTPServer.Settings
  private let hosts: HostCheck
  private let failures = FailureLimit()

  init(_ settings: HTTPServer.Settings) {
    self.settings = settings
    hosts = HostCheck(settings)
  }

  /// What is said to a request.
  enum Verdict {
    /// It may be answered.
    ///
    /// - Parameter token: the name of the token that it brought; nil where none is asked for.
    case admitted(token: String?)
    case refused(HTTPResponse)
  }

  /// - Parameters:
  ///   - host: the name that the client asked for.
  ///   - address: the client's.
  ///   - isPublic: whether the path holds no data.
  func verdict(
    on request: HTTPRequest, host: String, from address: String, isPublic: Bool
  ) -> Verdict {
    guard hosts.accepts(host) else {
      return .refused(
        .text(
          .misdirectedRequest, "this server does not answer to that host name; --allow-host adds it"
        ))
    }
    guard !settings.tokens.isEmpty, !isPublic else { return .admitted(token: nil) }
    guard let given = Self.bearer(request.headers[.authorization]) else {
      return .refused(Self.refusal("a bearer token is needed"))
    }
    if let name = settings.tokens.name(ofSecret: given) { return .admitted(token: name) }
    guard failures.allows(address) else {
      var response = HTTPResponse.text(
        .tooManyRequests, "too many wrong tokens from this address; ask again in a minute")
      response.headers[.retryAfter] = "60"
      return .refused(response)
    }
    return .refused(Self.refusal("this bearer token is not known"))
  }

  private static func refusal(_ text: String) -> HTTPResponse {
    var response = HTTPResponse.text(.unauthorized, text)
    response.headers[.wwwAuthenticate] = "Bearer"
    return response
  }

  /// The token of `Authorization: Bearer …`, without blanks around it; nil for another scheme or none.
  private static func bearer(_ header: String?) -> String? {
    guard let header, header.prefix(7).lowercased() == "bearer " else { return nil }
    return header.dropFirst(7).trimmed
  }
}
