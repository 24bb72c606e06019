/// Where credentials come from.
enum CredentialSource: Sendable, Equatable {
  case fixed(Credentials)
  /// An endpoint of the container's host; `authorization` goes along with the request.
  case container(url: String, token: TokenSource)
  /// A token of an identity provider, for which the security token service gives credentials.
  case webIdentity(role: String, tokenFile: String, session: String)

  /// What authorizes a container towards its endpoint.
  enum TokenSource: Sendable, Equatable {
    case none
    case text(String)
    case file(String)
  }

  /// The first that is there, in the order of AWS' own tools: environment, web identity, profile, container.
  ///
  /// - Parameter readFile: the text of a file; nil when there is none.
  static func find(
    _ environment: [String: String], readFile: (String) -> String?
  ) throws(CredentialError) -> CredentialSource {
    func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
    if let key = value("AWS_ACCESS_KEY_ID") {
      guard let secret = value("AWS_SECRET_ACCESS_KEY") else {
        throw CredentialError("AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not")
      }
      return .fixed(
        Credentials(accessKey: key, secret: secret, sessionToken: value("AWS_SESSION_TOKEN")))
    }
    if let file = value("AWS_WEB_IDENTITY_TOKEN_FILE"), let role = value("AWS_ROLE_ARN") {
      return .webIdentity(
        role: role, tokenFile: file, session: value("AWS_ROLE_SESSION_NAME") ?? "tributary")
    }
    if let found = try Profile(environment, readFile: readFile).source() { return found }
    if let url = try containerURL(environment) {
      let token =
        value("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE").map { TokenSource.file($0) }
        ?? value("AWS_CONTAINER_AUTHORIZATION_TOKEN").map { .text($0) } ?? .none
      return .container(url: url, token: token)
    }
    throw CredentialError(
      "there are no credentials for the object store: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
        + "AWS_PROFILE, or run where a container or a web identity has a role")
  }

  /// Hosts that may be asked without TLS: they are not reached over a network.
  private static let linkLocalHosts: Set<String> = [
    "169.254.170.2", "169.254.170.23", "localhost", "[fd00:ec2::23]", "[::1]",
  ]

  private static func containerURL(
    _ environment: [String: String]
  ) throws(CredentialError) -> String? {
    if let path = environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"], !path.isEmpty {
      return "http://169.254.170.2" + (path.hasPrefix("/") ? path : "/" + path)
    }
    guard let url = environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"], !url.isEmpty else {
      return nil
    }
    let address = WebAddress(url)
    guard let address, address.scheme == "https" || isOfThisHost(address) else {
      throw CredentialError(
        "AWS_CONTAINER_CREDENTIALS_FULL_URI must be https, or http on this host: credentials would go over the "
          + "network in the clear")
    }
    return url
  }

  private static func isOfThisHost(_ address: WebAddress) -> Bool {
    linkLocalHosts.contains(address.host)
      || address.host.wholeMatch(of: /127\.\d+\.\d+\.\d+/) != nil
  }
}
