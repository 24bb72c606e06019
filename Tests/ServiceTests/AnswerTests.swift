import Foundation
import TestServers
import Testing

@testable import Service

@Suite("What all answers have in common", .serialized)
struct AnswerTests {
  private func header(_ name: String, of answer: TestServer.Answer) -> String? {
    answer.headers.components(separatedBy: "\r\n").first { $0.hasPrefix(name + ": ") }
      .map { String($0.dropFirst(name.count + 2)) }
  }

  @Test("Every answer has the time of day")
  func date() throws {
    #expect(HTTPDate.text(784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
    let server = try TestServer()
    for path in ["/", "/livez", "/nothing", "/api/summary"] {
      let date = try #require(header("date", of: server.get(path)))
      #expect(date.contains("gmt"))
    }
  }

  @Test("HEAD gets the headers of GET and no body")
  func head() throws {
    let server = try TestServer()
    for path in ["/", "/api/summary", "/nothing", "/page.js"] {
      let got = server.get(path)
      let headed = server.send(
        "HEAD \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
      #expect(headed.status == got.status)
      #expect(headed.body.isEmpty)
      #expect(header("content-length", of: headed) == "\(got.body.utf8.count)")
      #expect(header("etag", of: headed) == header("etag", of: got))
    }
    let stream = server.send(
      "HEAD /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    #expect(stream.status == 200 && stream.body.isEmpty)
  }

  @Test("What the client has already is not sent again, until it changes")
  func tags() throws {
    let server = try TestServer()
    for path in ["/", "/page.js", "/api/summary", "/api/rollups?limit=1"] {
      let tag = try #require(header("etag", of: server.get(path)), "\(path)")
      for given in [tag, "\"x\", \(tag)", String(tag.dropFirst(2)), "*"] {
        let again = server.get(path, ["If-None-Match: \(given.replacing("w/", with: "W/"))"])
        #expect(again.status == 304, "\(path) \(given)")
        #expect(again.body.isEmpty)
        #expect(header("etag", of: again) == tag)
      }
      #expect(server.get(path, ["If-None-Match: \"other\""]).status == 200)
    }
    let old = try #require(header("etag", of: server.get("/api/summary")))
    #expect(header("etag", of: server.get("/api/summary?models=linear")) != old)
    server.fill()
    #expect(
      server.get("/api/summary", ["If-None-Match: \(old.replacing("w/", with: "W/"))"]).status
        == 200)
  }

  @Test("Large answers are compressed for those who take gzip, and only for them")
  func compression() throws {
    let server = try TestServer()
    server.fill()
    for path in ["/page.js", "/api/summary"] {
      let plain = server.get(path)
      #expect(header("content-encoding", of: plain) == nil)
      #expect(header("vary", of: plain) == "accept-encoding")
      let packed = server.get(path, ["Accept-Encoding: br, gzip;q=0.8"])
      #expect(header("content-encoding", of: packed) == "gzip")
      let length = try #require(header("content-length", of: packed).flatMap { Int($0) })
      #expect(length < plain.body.utf8.count / 2)
      for refused in ["gzip;q=0", "br", "identity"] {
        let answer = server.get(path, ["Accept-Encoding: \(refused)"])
        #expect(header("content-encoding", of: answer) == nil, "\(refused)")
      }
    }
    #expect(header("content-encoding", of: server.get("/livez", ["Accept-Encoding: gzip"])) == nil)
    let text = Array(String(repeating: "gzip is undone by gunzip. ", count: 1_000).utf8)
    let packed = try #require(Gzip.compress(text))
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("gzip-\(UUID())")
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data(packed).write(to: folder)
    #expect(try runTool("gzip", ["-dc", folder.path]) == String(decoding: text, as: UTF8.self))
  }

  @Test("A stream tells proxies not to keep it back")
  func buffering() throws {
    let server = try TestServer()
    let descriptor = server.connect()
    defer { close(descriptor) }
    let request = Array("GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".utf8)
    _ = request.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, 0) }
    for _ in 0..<100 where server.hub.listenerCount == 0 { usleep(20_000) }
    server.hub.closeAll()
    #expect(header("x-accel-buffering", of: TestServer.read(descriptor)) == "no")
  }

  @Test("A connection is kept as the client asks, and may idle longer than a request may take")
  func keeping() throws {
    let server = try TestServer { $0.requestSeconds = 1 }
    let old = server.send("GET /livez HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n", seconds: 5)
    #expect(old.status == 200 && header("connection", of: old) == "close")
    let kept = server.connect()
    defer { close(kept) }
    for pause: UInt32 in [0, 2] {
      sleep(pause)
      let request = Array(
        "GET /livez HTTP/1.0\r\nHost: 127.0.0.1\r\nConnection: keep-alive\r\n\r\n".utf8)
      _ = request.withUnsafeBytes { send(kept, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      var buffer = [UInt8](repeating: 0, count: 4_096)
      let count = recv(kept, &buffer, buffer.count, 0)
      let text = String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self).lowercased()
      #expect(text.hasPrefix("http/1.0 200"))
      #expect(text.contains("connection: keep-alive"))
    }
    #expect(HTTPServer.Settings().keepAliveSeconds >= 75)
  }

  @Test("Below a base path is what is there without one, and the page links to it")
  func basePath() throws {
    let server = try TestServer { $0.basePath = "/ads/tributary" }
    for path in ["", "/", "/livez", "/page.js", "/api/summary", "/conversions/x", "?unit=day"] {
      #expect(server.get("/ads/tributary" + path).status == 200, "\(path)")
    }
    #expect(server.get("/livez").status == 200)
    #expect(server.get("/ads/tributaryx/livez").status == 404)
    let page = server.get("/ads/tributary/").body
    #expect(page.contains("src=\"/ads/tributary/page.js\""))
    #expect(!page.contains("=\"/page"))
  }
}
