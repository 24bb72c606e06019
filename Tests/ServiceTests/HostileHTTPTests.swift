// Safety: buffers are lent to socket calls for their length only.

import Foundation
import Glibc
import TestServers
import Testing

@testable import Service

@Suite("What strangers may send", .serialized)
struct HostileHTTPTests {
  @Test("Requests that are none are refused, and the server lives")
  func malformed() throws {
    let server = try TestServer()
    let requests: [(String, Set<Int>)] = [
      ("\u{16}\u{3}\u{1}\u{2}\r\n\r\n", [400, 0]), ("GET\r\n\r\n", [400]),
      ("\r\n\r\n\r\n", [400, 0]),
      ("GET / HTTP/9.9\r\n\r\n", [400]), ("GET / HTTP/1.1\r\nHo st: x\r\n\r\n", [400]),
      ("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n", [400]),
      (
        "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        [400, 413]
      ),
      ("GET http://elsewhere/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", [400]),
      ("GET /api/summary?view=%FF HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", [400]),
      ("GET /api/summary?view=%0 HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", [400]),
    ]
    for (request, expected) in requests {
      let answer = server.send(request, seconds: 3)
      #expect(expected.contains(answer.status), "\(request.debugDescription): \(answer.status)")
    }
    #expect(server.get("/livez").status == 200)
  }

  @Test("What is too large is refused before it is kept")
  func oversized() throws {
    let server = try TestServer()
    let long = String(repeating: "a", count: 40_000)
    #expect(server.get("/\(long)").status == 431)
    #expect(server.get("/livez", ["X-Long: \(long)"]).status == 431)
    let many = server.get("/livez", (0..<3_000).map { "X-\($0): many" })
    #expect([400, 431].contains(many.status))
    let body =
      "POST /api/summary HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 999999999\r\n\r\nxxx"
    #expect(server.send(body).status == 413)
    let chunked =
      "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFF\r\nxxx"
    #expect(server.send(chunked).status == 413)
    #expect(server.get("/livez").status == 200)
  }

  @Test("Only reading is possible")
  func methods() throws {
    let server = try TestServer()
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"] {
      let answer = server.send(
        "\(method) /api/summary HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
      #expect(answer.status == 405)
      #expect(answer.headers.contains("allow: get, head"))
    }
    let head = server.send("HEAD /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    #expect(head.status == 200)
    #expect(head.body.isEmpty)
  }

  @Test("No path leads to a file or tells of one")
  func traversal() throws {
    let server = try TestServer()
    for path in [
      "/../../etc/passwd", "/..%2f..%2fetc%2fpasswd", "/page.css/../../etc/passwd", "//etc/passwd",
      "/%2e%2e/%2e%2e/etc/passwd", "/conversions/..%2f..%2fetc%2fpasswd/x", "/.git/config",
      "/api/conversions/", "/api/conversions/a/b", "/api", "/index.html%00",
    ] {
      let answer = server.get(path)
      #expect(answer.status == 404, "\(path): \(answer.status)")
      #expect(!answer.body.contains("root:"))
    }
  }

  @Test("Data needs the token where there is one; the page and the probes do not")
  func token() throws {
    let token = "correct-horse-battery"
    let server = try TestServer { $0.tokens = [AccessToken(token)] }
    for path in [
      "/api/summary", "/api/rollups", "/api/events", "/api/conversions/x", "/statusz", "/metrics",
    ] {
      for header in [
        [], ["Authorization: Bearer wrong"], ["Authorization: Bearer "], ["Authorization: Basic x"],
        ["Authorization: Bearer \(token)x"], ["Authorization: Bearer \(token.dropLast())"],
      ] {
        let answer = server.get(path, header)
        #expect(answer.status == 401, "\(path) \(header)")
        #expect(answer.headers.contains("www-authenticate: bearer"))
        #expect(!answer.body.contains(token))
      }
    }
    #expect(server.get("/api/summary", ["Authorization: Bearer \(token)"]).status == 200)
    for path in ["/", "/page.js", "/livez", "/readyz", "/conversions/x"] {
      #expect(server.get(path).status == 200, "\(path)")
    }
    // A browser runs no module of another type.
    for module in [
      "api", "chart", "elements", "explain", "news", "news-worker", "page", "state", "stream",
      "table",
      "totals",
    ] {
      let answer = server.get("/\(module).js")
      #expect(answer.status == 200, "\(module)")
      #expect(answer.headers.contains("content-type: text/javascript; charset=utf-8"), "\(module)")
    }
  }

  @Test("A name of somebody else's is not answered to on a local address")
  func rebinding() throws {
    let server = try TestServer()
    for (host, status) in [
      ("evil.example", 421), ("127.0.0.1.evil.example:80", 421), ("localhost:8080", 200),
      ("[::1]:8080", 200), ("LOCALHOST", 200), ("", 421),
    ] {
      let answer = server.send(
        "GET /livez HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\r\n")
      #expect(answer.status == status, "\(host)")
    }
  }

  @Test("Every answer tells browsers to run nothing that is not the page's own")
  func policy() throws {
    let server = try TestServer()
    for path in ["/", "/api/summary", "/nothing", "/livez"] {
      let headers = server.get(path).headers
      #expect(headers.contains("content-security-policy: default-src 'none'; script-src 'self'"))
      #expect(!headers.contains("unsafe-inline"))
      #expect(headers.contains("x-content-type-options: nosniff"))
    }
    let page = server.get("/").body
    #expect(!page.contains("style=\""))
    #expect(!page.contains("http://") && !page.contains("https://"))
  }

  @Test("A client that sends slowly or not at all is let go, and others are served meanwhile")
  func slowSenders() throws {
    let server = try TestServer { $0.requestSeconds = 1 }
    let silent = server.connect()
    let slow = server.connect()
    defer {
      close(silent)
      close(slow)
    }
    let part = "GET /livez HTTP/1.1\r\nHost: 127"
    _ = Array(part.utf8).withUnsafeBytes { send(slow, $0.baseAddress, $0.count, 0) }
    #expect(server.get("/livez").status == 200)
    #expect(TestServer.read(silent).status == 0)
    #expect(TestServer.read(slow).status == 408)
  }

  @Test("A client that does not read its answers is let go")
  func slowReader() throws {
    let server = try TestServer { $0.responseSeconds = 1 }
    let descriptor = server.connect()
    defer { close(descriptor) }
    var tiny: Int32 = 4_096
    setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &tiny, socklen_t(MemoryLayout<Int32>.size))
    let request = "GET /page.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    let many = Array(String(repeating: request, count: 300).utf8)
    _ = many.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    sleep(3)
    // The connection is gone: writing meets a reset.
    var isClosed = false
    for _ in 0..<50 where !isClosed {
      isClosed = "x".withCString { send(descriptor, $0, 1, Int32(MSG_NOSIGNAL)) } < 0
      usleep(20_000)
    }
    #expect(isClosed)
    #expect(server.get("/livez").status == 200)
  }

  @Test("Connections and event streams are bounded")
  func connectionLimit() throws {
    let server = try TestServer {
      $0.connectionLimit = 6
      $0.eventStreamLimit = 2
    }
    let request = Array("GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".utf8)
    let streams = (0..<2).map { _ in
      let descriptor = server.connect()
      _ = request.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, 0) }
      return descriptor
    }
    for _ in 0..<100 where server.hub.listenerCount < 2 { usleep(20_000) }
    #expect(server.hub.listenerCount == 2)
    #expect(server.get("/api/events").status == 503)
    let idle = (0..<10).map { _ in server.connect() }
    usleep(200_000)
    #expect(server.get("/livez").status == 0)
    for descriptor in idle + streams { close(descriptor) }
    var status = 0
    for _ in 0..<50 where status != 200 {
      usleep(50_000)
      status = server.get("/livez").status
    }
    #expect(status == 200)
    #expect(server.hub.listenerCount == 0)
  }

  @Test("Several requests on one connection are answered in their order")
  func pipelining() throws {
    let server = try TestServer()
    let answer = server.send(
      "GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        + "Connection: close\r\n\r\n")
    let alive = try #require(answer.body.range(of: "alive"))
    let ready = try #require(answer.body.range(of: "ready"))
    #expect(alive.lowerBound < ready.lowerBound)
  }
}
