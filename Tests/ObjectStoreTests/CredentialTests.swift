import Cluster
import Files
import Foundation
import Service
import Synchronization
import Testing

@testable import ObjectStore
@testable import WebClient

@Suite struct CredentialTests {
  private static let files = [
    "/home/u/.aws/credentials": """
    # keys
    [default]
    aws_access_key_id = FILE
    aws_secret_access_key=file/secret+=

    [session]
    aws_access_key_id=S
    aws_secret_access_key=s
    aws_session_token=t
    """,
    "/home/u/.aws/config": """
    [default]
    region = eu-central-1
    s3 =
      aws_access_key_id = NESTED
    [profile web]
    role_arn = arn:aws:iam::1:role/r
    web_identity_token_file = /token
    [profile other]
    source_profile = default
    role_arn = arn:aws:iam::1:role/r
    [profile half]
    aws_access_key_id = H
    """,
  ]

  private func find(_ environment: [String: String]) throws -> CredentialSource {
    try CredentialSource.find(environment) { Self.files[$0] }
  }

  private func keys(_ key: String, _ secret: String, _ token: String? = nil) -> CredentialSource {
    .fixed(Credentials(accessKey: key, secret: secret, sessionToken: token))
  }

  @Test func theEnvironmentComesFirstThenWebIdentityThenProfileThenContainer() throws {
    var environment = [
      "HOME": "/home/u", "AWS_ACCESS_KEY_ID": "ENV", "AWS_SECRET_ACCESS_KEY": "e",
      "AWS_SESSION_TOKEN": "t", "AWS_WEB_IDENTITY_TOKEN_FILE": "/token", "AWS_ROLE_ARN": "arn",
      "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/creds",
    ]
    #expect(try find(environment) == keys("ENV", "e", "t"))
    environment["AWS_ACCESS_KEY_ID"] = ""
    #expect(
      try find(environment) == .webIdentity(role: "arn", tokenFile: "/token", session: "tributary"))
    environment["AWS_ROLE_ARN"] = nil
    #expect(try find(environment) == keys("FILE", "file/secret+="))
    environment["HOME"] = "/elsewhere"
    #expect(try find(environment) == .container(url: "http://169.254.170.2/v2/creds", token: .none))
    environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = nil
    #expect(throws: CredentialError.self) { try find(environment) }
  }

  @Test func profilesAreReadFromBothFiles() throws {
    func source(_ profile: String) throws -> CredentialSource {
      try find(["HOME": "/home/u", "AWS_PROFILE": profile])
    }
    #expect(try source("session") == keys("S", "s", "t"))
    #expect(
      try source("web")
        == .webIdentity(role: "arn:aws:iam::1:role/r", tokenFile: "/token", session: "tributary"))
    #expect(Profile(["HOME": "/home/u"]) { Self.files[$0] }.region == "eu-central-1")
    for (profile, words) in [
      ("other", "neither keys"), ("half", "no aws_secret_access_key"),
      ("none", "there is no profile none"),
    ] {
      let error = #expect(throws: CredentialError.self) { try source(profile) }
      #expect("\(error!)".contains(words))
    }
  }

  @Test func credentialsDoNotCrossANetworkInTheClear() throws {
    func url(_ text: String) throws -> CredentialSource {
      try find([
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": text, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/t",
      ])
    }
    for text in [
      "https://creds.example/x", "http://127.0.0.1:1/x", "http://169.254.170.23/v1/credentials",
    ] {
      #expect(try url(text) == .container(url: text, token: .file("/t")))
    }
    for text in ["http://creds.example/x", "http://127.0.0.1.evil.example/x", "ftp://127.0.0.1/x"] {
      #expect(throws: CredentialError.self) { try url(text) }
    }
  }

  @Test func noTextHoldsASecret() {
    let credentials = Credentials(accessKey: "AKID", secret: "very-secret", sessionToken: "token")
    #expect("\(credentials)" == "credentials")
  }

  /// A container's endpoint, which gives other keys each time.
  private final class Endpoint: HTTPResponder {
    let state = Mutex((count: 0, lifetime: Int64(3_600), authorization: [String]()))
    func isPublic(_ path: String) -> Bool { true }
    func respond(to request: Service.HTTPRequest) -> HTTPResponse {
      let (count, lifetime) = state.withLock { state in
        state.count += 1
        return (state.count, state.lifetime)
      }
      guard lifetime > 0 else { return .text(.serviceUnavailable, "secret words") }
      let end = Date(timeIntervalSince1970: 1_000_000 + Double(lifetime)).ISO8601Format()
      return .json(
        Array(
          #"{"AccessKeyId":"K\#(count)","SecretAccessKey":"s","Token":"t","Expiration":"\#(end)"}"#
            .utf8))
    }
  }

  @Test func credentialsAreReplacedBeforeTheyExpire() throws {
    let endpoint = Endpoint()
    var settings = HTTPServer.Settings()
    settings.host = "127.0.0.1"
    settings.port = 0
    let server = HTTPServer(settings, endpoint, hub: EventHub())
    let link = try server.startAtLink()
    defer { server.stop() }
    let clock = Mutex(Int64(1_000_000))
    let web = try HTTPQueue(HTTPLimits(), connections: 1)
    defer { web.stop() }
    let provider = CredentialProvider(
      .container(url: "\(link)", token: .text("secret")), web, tokenService: "",
      now: { clock.withLock { $0 } })
    func key(after seconds: Int64) throws -> String {
      clock.withLock { $0 = 1_000_000 + seconds }
      return try provider.current().accessKey
    }
    #expect(try key(after: 0) == "K1")
    #expect(try key(after: 3_299) == "K1")
    // The end comes near while nobody answers: the old ones are used as long as they are valid.
    endpoint.state.withLock { $0.lifetime = 0 }
    #expect(try key(after: 3_301) == "K1")
    #expect(try key(after: 3_599) == "K1")
    let error = #expect(throws: StoreOutage.self) { try key(after: 3_600) }
    #expect(!"\(error!)".contains("secret"))
    endpoint.state.withLock { $0.lifetime = 7_200 }
    let last = try key(after: 3_601)
    #expect(last != "K1" && last.hasPrefix("K"))
    #expect(try key(after: 3_602) == last)
    #expect(provider.renew())
    #expect(try key(after: 3_603) != last)
  }

  @Test func anAnswerOfTheTokenServiceIsRead() throws {
    let answer = """
      <AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult>
      <Credentials><SessionToken>t</SessionToken><SecretAccessKey>s</SecretAccessKey>
      <Expiration>2026-01-05T00:00:00Z</Expiration><AccessKeyId>A</AccessKeyId></Credentials>
      </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>
      """
    let read = CredentialProvider.webIdentity(Array(answer.utf8))
    #expect(
      read == Credentials(accessKey: "A", secret: "s", sessionToken: "t", expiry: 1_767_571_200))
    #expect(CredentialProvider.webIdentity(Array("<a/>".utf8)) == nil)
    #expect(CredentialProvider.container(Array("{}".utf8)) == nil)
  }
}
