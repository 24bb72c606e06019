import TestServers
import Testing

@testable import Service

@Suite("Who is let in", .serialized)
struct AdmissionTests {
  private static let token = "correct-horse-battery"

  @Test(
    "Without a token, only names that no foreign page can have are answered to",
    arguments: [
      ("10.1.2.3:9090", true), ("[fe80::1]:9090", true), ("serve:8080", true), ("localhost", true),
      ("evil.example", false), ("evil.example:8080", false), ("1.2.3.4.example", false),
      ("1.2.3", false), ("", false), ("[::1", false),
    ])
  func names(_ host: String, _ isAccepted: Bool) {
    var settings = HTTPServer.Settings()
    settings.host = "0.0.0.0"
    #expect(HostCheck(settings).accepts(host) == isAccepted)
    settings.tokens = [AccessToken(Self.token)]
    #expect(HostCheck(settings).accepts(host))
  }

  @Test(
    "Names that were allowed are answered to, and no others",
    arguments: [
      ("dashboard.example.com", true), ("Dashboard.Example.com:443", true), ("127.0.0.1", true),
      ("a.ads.example.org", true), ("ads.example.org", false), ("xads.example.org", false),
      ("evil.example", false), ("dashboard.example.com.evil.example", false),
    ])
  func allowed(_ host: String, _ isAccepted: Bool) {
    var settings = HTTPServer.Settings()
    settings.allowedHosts = ["dashboard.example.com", ".ads.example.org"]
    for address in ["127.0.0.1", "0.0.0.0"] {
      for tokens in [[], [AccessToken(Self.token)]] {
        settings.host = address
        settings.tokens = tokens
        #expect(HostCheck(settings).accepts(host) == isAccepted, "\(address) \(tokens)")
      }
    }
  }

  @Test("Each of several tokens opens the data, blanks around it or not, and is counted by name")
  func tokens() throws {
    let server = try TestServer {
      $0.tokens = [
        AccessToken(name: "grafana", Self.token),
        AccessToken(name: "marketing", "another-secret-word \n"),
      ]
    }
    for secret in [Self.token, "another-secret-word", "  another-secret-word "] {
      #expect(server.get("/api/summary", ["Authorization: Bearer \(secret)"]).status == 200)
    }
    #expect(server.get("/api/summary", ["authorization: bearer \(Self.token)"]).status == 200)
    for secret in ["", Self.token + "another-secret-word", "grafana"] {
      #expect(server.get("/api/summary", ["Authorization: Bearer \(secret)"]).status == 401)
    }
    let text = server.metrics.text
    #expect(text.contains(#"tributary_http_token_requests_total{token="grafana"} 2"#))
    #expect(text.contains(#"tributary_http_token_requests_total{token="marketing"} 2"#))
    #expect(!text.contains("another"))
  }

  @Test("Who goes on with wrong tokens is held up, who has a right one is not")
  func guessing() throws {
    let server = try TestServer { $0.tokens = [AccessToken(Self.token)] }
    let statuses = (0..<80).map {
      server.get("/api/summary", ["Authorization: Bearer guess-number-\($0)"]).status
    }
    #expect(statuses.first == 401)
    #expect(statuses.last == 429)
    #expect(
      server.get("/api/summary", ["Authorization: Bearer \(Self.token)"]).status == 200)
    #expect(server.get("/livez").status == 200)
  }

  @Test("Failures are forgotten with time, and addresses do not share them")
  func bucket() {
    let limit = FailureLimit()
    let now = ContinuousClock.now
    #expect((0..<60).allSatisfy { _ in limit.allows("10.0.0.1", now: now) })
    #expect(!limit.allows("10.0.0.1", now: now))
    #expect(limit.allows("10.0.0.2", now: now))
    #expect(limit.allows("10.0.0.1", now: now + .seconds(2)))
    for number in 0..<10_000 { _ = limit.allows("net-\(number)", now: now) }
    #expect(!limit.allows("new", now: now), "more addresses than are remembered share one bucket")
  }
}
