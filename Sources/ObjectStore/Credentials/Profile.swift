/// A named profile of AWS' own tools: its settings from both files.
struct Profile {
  let name: String
  /// Whether somebody asked for it by name.
  private let isNamed: Bool
  private let settings: [String: String]

  /// - Parameter readFile: the text of a file; nil when there is none.
  init(_ environment: [String: String], readFile: (String) -> String?) {
    func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
    let asked = value("AWS_PROFILE") ?? value("AWS_DEFAULT_PROFILE")
    name = asked ?? "default"
    isNamed = asked != nil
    let home = value("HOME") ?? ""
    func text(_ variable: String, _ file: String) -> String {
      readFile(value(variable) ?? "\(home)/.aws/\(file)") ?? ""
    }
    let configured =
      ProfileFile(text("AWS_CONFIG_FILE", "config"), hasPrefixes: true)[name] ?? [:]
    let secret =
      ProfileFile(text("AWS_SHARED_CREDENTIALS_FILE", "credentials"), hasPrefixes: false)[name]
      ?? [:]
    settings = configured.merging(secret) { $1 }
  }

  var region: String? { self["region"] }

  private subscript(key: String) -> String? { settings[key].flatMap { $0.isEmpty ? nil : $0 } }

  /// The credentials that it names; nil for a profile without any that nobody asked for.
  func source() throws(CredentialError) -> CredentialSource? {
    if let role = self["role_arn"], let file = self["web_identity_token_file"] {
      return .webIdentity(
        role: role, tokenFile: file, session: self["role_session_name"] ?? "tributary")
    }
    if let key = self["aws_access_key_id"] {
      guard let secret = self["aws_secret_access_key"] else {
        throw CredentialError(
          "the profile \(name) has aws_access_key_id, but no aws_secret_access_key")
      }
      return .fixed(
        Credentials(accessKey: key, secret: secret, sessionToken: self["aws_session_token"]))
    }
    guard isNamed else { return nil }
    guard !settings.isEmpty else {
      throw CredentialError("there is no profile \(name) in the files of AWS' tools")
    }
    throw CredentialError(
      "the profile \(name) has neither keys nor a web identity; export credentials of other kinds into the "
        + "environment, as with: aws configure export-credentials --format env")
  }
}
