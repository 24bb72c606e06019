/// What requests are signed with.
struct Credentials: Sendable, Equatable, CustomStringConvertible {
  var accessKey: String
  var secret: String
  /// Of credentials that expire.
  var sessionToken: String?
  /// Seconds since the epoch; nil for credentials that do not expire.
  var expiry: Int64?

  /// Without anything secret, so that it may stand in any text.
  var description: String { "credentials" }
}

/// Why there are no credentials, in one line without a secret.
struct CredentialError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
