import Cluster
import Codec
import Files
import Foundation
import Synchronization
import WebClient

/// Credentials that are valid now, for any thread. Those that expire are replaced before they do.
final class CredentialProvider: Sendable {
  /// Seconds before the end at which credentials are replaced.
  private static let lead: Int64 = 300
  /// Seconds between attempts to replace credentials that are still valid.
  private static let pause: Int64 = 20

  private struct State {
    var credentials: Credentials?
    /// Not before this second another attempt is made.
    var nextAttempt: Int64 = 0
  }

  private let source: CredentialSource
  private let web: HTTPQueue
  /// Of the security token service.
  private let tokenService: String
  private let readFile: @Sendable (String) -> String?
  private let now: @Sendable () -> Int64
  private let state = Mutex(State())

  /// - Parameters:
  ///   - tokenService: URL of the security token service.
  ///   - now: seconds since the epoch.
  init(
    _ source: CredentialSource, _ web: HTTPQueue, tokenService: String,
    readFile: @escaping @Sendable (String) -> String? = CredentialProvider.text,
    now: @escaping @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970) }
  ) {
    self.source = source
    self.web = web
    self.tokenService = tokenService
    self.readFile = readFile
    self.now = now
  }

  static let text: @Sendable (String) -> String? = {
    try? String(contentsOfFile: $0, encoding: .utf8)
  }

  /// Throws `OperatorError` where there are none, `StoreOutage` where who gives them does not answer.
  func current() throws -> Credentials {
    if case .fixed(let credentials) = source { return credentials }
    return try state.withLock { state in
      let time = now()
      let end = state.credentials?.expiry ?? .max
      if let credentials = state.credentials {
        if end - time > Self.lead { return credentials }
        if end > time, time < state.nextAttempt { return credentials }
      }
      state.nextAttempt = time + Self.pause
      do {
        let fresh = try fetch()
        state.credentials = fresh
        return fresh
      } catch {
        if let credentials = state.credentials, end > time { return credentials }
        throw error
      }
    }
  }

  /// Has the next request ask for new credentials, since these were refused. False where there cannot be others.
  func renew() -> Bool {
    if case .fixed = source { return false }
    state.withLock { $0.credentials = nil }
    return true
  }

  private func fetch() throws -> Credentials {
    switch source {
    case .fixed(let credentials): return credentials
    case .container(let url, let token):
      var request = HTTPRequest(url: url)
      request.isDirect = url.hasPrefix("http:")
      if let text = try authorization(token) { request.headers = [("Authorization", text)] }
      let answer = try ask(request, "the container's credentials")
      guard let credentials = Self.container(answer.body) else {
        throw OperatorError("the container's credentials: the answer holds none")
      }
      return credentials
    case .webIdentity(let role, let tokenFile, let session):
      let text = readFile(tokenFile)?.trimmingCharacters(in: .whitespacesAndNewlines)
      guard let text, !text.isEmpty else {
        throw OperatorError("the web identity's token cannot be read: \(tokenFile)")
      }
      let form = QueryText.canonical([
        ("Action", "AssumeRoleWithWebIdentity"), ("Version", "2011-06-15"), ("RoleArn", role),
        ("RoleSessionName", session), ("WebIdentityToken", text),
      ])
      let request = HTTPRequest(
        url: tokenService, headers: [("Content-Type", "application/x-www-form-urlencoded")],
        body: Array(form.utf8))
      let answer = try ask(request, "the security token service")
      guard let credentials = Self.webIdentity(answer.body) else {
        throw OperatorError("the security token service: the answer holds no credentials")
      }
      return credentials
    }
  }

  private func authorization(_ token: CredentialSource.TokenSource) throws -> String? {
    switch token {
    case .none: return nil
    case .text(let text): return text
    case .file(let path):
      guard let text = readFile(path) else {
        throw OperatorError("the container's authorization token cannot be read: \(path)")
      }
      return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
  }

  private func ask(_ request: HTTPRequest, _ who: String) throws -> HTTPAnswer {
    let answer: HTTPAnswer
    do { answer = try web.start(request).wait() } catch {
      switch error {
      case .passing: throw StoreOutage("\(who): \(error)")
      case .lasting, .tooLarge: throw OperatorError("\(who): \(error)")
      }
    }
    guard answer.status != 200 else { return answer }
    let code = XMLElement(answer.body).flatMap { $0["Error", "Code"] }
    let reason = "\(who) answered \(answer.status)\(code.map { " \(StoreFault.word($0))" } ?? "")"
    if answer.status == 429 || answer.status >= 500 { throw StoreOutage(reason) }
    throw OperatorError("\(reason); see to the role and who may take it")
  }

  private struct ContainerAnswer: Decodable {
    var AccessKeyId: String
    var SecretAccessKey: String
    var Token: String?
    var Expiration: String?
  }

  static func container(_ body: [UInt8]) -> Credentials? {
    guard let answer = try? JSONDecoder().decode(ContainerAnswer.self, from: Data(body)) else {
      return nil
    }
    return Credentials(
      accessKey: answer.AccessKeyId, secret: answer.SecretAccessKey, sessionToken: answer.Token,
      expiry: answer.Expiration.flatMap { Time.parse($0) }.map { $0 / 1_000 })
  }

  static func webIdentity(_ body: [UInt8]) -> Credentials? {
    let result = XMLElement(body)?.all("AssumeRoleWithWebIdentityResult").first
    guard let found = result?.all("Credentials").first, let key = found["AccessKeyId"],
      let secret = found["SecretAccessKey"], let token = found["SessionToken"]
    else { return nil }
    return Credentials(
      accessKey: key, secret: secret, sessionToken: token,
      expiry: found["Expiration"].flatMap { Time.parse($0) }.map { $0 / 1_000 })
  }
}
