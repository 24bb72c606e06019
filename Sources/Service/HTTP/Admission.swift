import NIOHTTP1

/// Who may ask: nobody else's web page, and only those who know the token if there is one.
struct Admission {
  /// With every response. The page's own scripts and styles run, and nothing else.
  static let safetyHeaders: HTTPHeaders = [
    "content-security-policy":
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
      + "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
  ]

  private let settings: HTTPServer.Settings

  init(_ settings: HTTPServer.Settings) { self.settings = settings }

  /// The refusal of a request; nil when it may be answered.
  ///
  /// - Parameter isPublic: whether the path holds no data.
  func refusal(of request: HTTPRequest, isPublic: Bool) -> HTTPResponse? {
    guard isOwnHost(request.headers["host"].first ?? "") else {
      return .text(.misdirectedRequest, "this server does not answer to that host name")
    }
    guard let token = settings.token, !isPublic else { return nil }
    let given = request.headers["authorization"].first ?? ""
    guard given.hasPrefix("Bearer "), Self.areEqual(String(given.dropFirst(7)), token) else {
      var response = HTTPResponse.text(.unauthorized, "a bearer token is needed")
      response.headers.add(name: "www-authenticate", value: "Bearer")
      return response
    }
    return nil
  }

  /// Whether a request to a server of this machine only was meant for it. A page from elsewhere whose
  /// name has been pointed here (DNS rebinding) brings its own name.
  private func isOwnHost(_ host: String) -> Bool {
    guard ["127.0.0.1", "::1", "localhost"].contains(settings.host) else { return true }
    var name = Substring(host)
    if let colon = name.lastIndex(of: ":"), !name.hasSuffix("]") { name = name[..<colon] }
    return ["127.0.0.1", "localhost", "[::1]"].contains(name.lowercased())
  }

  /// Compares in a time that does not tell how much of it agrees.
  private static func areEqual(_ given: String, _ token: String) -> Bool {
    let given = Array(given.utf8)
    let token = Array(token.utf8)
    var difference = given.count ^ token.count
    for index in given.indices {
      difference |= Int(given[index] ^ token[index % max(token.count, 1)])
    }
    return difference == 0 && !token.isEmpty
  }
}
