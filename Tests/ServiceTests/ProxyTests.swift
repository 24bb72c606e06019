import Foundation
import TestServers
import Testing

@testable import Service

private let isNginxInstalled = FileManager.default.isExecutableFile(atPath: "/usr/sbin/nginx")

/// The example of nginx with TLS, as it stands, but for addresses and files.
@Suite(
  "Behind nginx with TLS", .serialized,
  .enabled(if: isNginxInstalled, "nginx is missing: scripts/test installs it"))
struct ProxyTests {
  private static let token = "correct-horse-battery"
  private static let name = "tributary.example.com"

  /// nginx in a folder of its own, until it is let go.
  private final class Proxy {
    let port: UInt16
    private let folder: URL
    private let process = Process()

    init(before server: TestServer) throws {
      port = PostgresServer.freePort()
      folder = FileManager.default.temporaryDirectory.appendingPathComponent("nginx-\(UUID())")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      let path = folder.path
      _ = try runTool(
        "openssl",
        [
          "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj",
          "/CN=\(ProxyTests.name)", "-keyout", "\(path)/tributary.key", "-out",
          "\(path)/tributary.pem",
        ])
      let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
      let example = try String(
        contentsOf: root.appendingPathComponent("Deploy/nginx/tributary.conf"), encoding: .utf8)
      for needed in ["127.0.0.1:8080", "listen 443 ssl", "/etc/nginx/tls"] {
        #expect(example.contains(needed))
      }
      let settings = """
        daemon off;
        master_process off;
        pid \(path)/pid;
        error_log \(path)/errors;
        events {}
        http {
        access_log off;
        client_body_temp_path \(path)/body;
        proxy_temp_path \(path)/proxy;
        fastcgi_temp_path \(path)/fastcgi;
        uwsgi_temp_path \(path)/uwsgi;
        scgi_temp_path \(path)/scgi;
        \(example.replacing("127.0.0.1:8080", with: "127.0.0.1:\(server.port)")
          .replacing("listen 443 ssl", with: "listen 127.0.0.1:\(port) ssl")
          .replacing("/etc/nginx/tls", with: path))
        }
        """
      try Data(settings.utf8).write(to: folder.appendingPathComponent("nginx.conf"))
      process.executableURL = URL(fileURLWithPath: "/usr/sbin/nginx")
      process.arguments = ["-c", "\(path)/nginx.conf", "-e", "\(path)/errors"]
      try process.run()
    }

    deinit {
      // Children of the tests may have other signals blocked.
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
      try? FileManager.default.removeItem(at: folder)
    }

    /// What curl gets of a path.
    func get(_ path: String, _ arguments: [String] = []) throws -> String {
      try runTool(
        "curl",
        [
          "--silent", "--include", "--insecure", "--max-time", "20", "--retry", "20",
          "--retry-connrefused", "--retry-delay", "1", "--resolve",
          "\(ProxyTests.name):\(port):127.0.0.1",
        ] + arguments + ["https://\(ProxyTests.name):\(port)\(path)"])
    }
  }

  @Test("The page, the API and its refusals come through, compressed and with the proxy's header")
  func passing() throws {
    let server = try TestServer {
      $0.basePath = "/tributary"
      $0.allowedHosts = [Self.name]
      $0.tokens = [AccessToken(Self.token)]
    }
    let proxy = try Proxy(before: server)
    let page = try proxy.get("/tributary/")
    #expect(page.hasPrefix("HTTP/1.1 200"))
    #expect(page.contains("src=\"/tributary/page.js\""))
    #expect(page.contains("Strict-Transport-Security"))
    let script = try proxy.get("/tributary/page.js", ["--head", "-H", "Accept-Encoding: gzip"])
    #expect(script.lowercased().contains("content-encoding: gzip"))
    #expect(try proxy.get("/tributary/api/summary").hasPrefix("HTTP/1.1 401"))
    let bearer = ["-H", "Authorization: Bearer \(Self.token)"]
    #expect(try proxy.get("/tributary/api/summary", bearer).hasPrefix("HTTP/1.1 200"))
    #expect(try proxy.get("/tributary/metrics", bearer).hasPrefix("HTTP/1.1 404"))
    let foreign = try proxy.get("/tributary/livez", ["-H", "Host: evil.example"])
    #expect(foreign.hasPrefix("HTTP/1.1 421"))
  }

  @Test("News come through as they are told")
  func streaming() throws {
    let server = try TestServer {
      $0.basePath = "/tributary"
      $0.allowedHosts = [Self.name]
    }
    let proxy = try Proxy(before: server)
    _ = try proxy.get("/tributary/livez")
    let news = Thread { [hub = server.hub] in
      for _ in 0..<500 where hub.listenerCount == 0 { usleep(10_000) }
      hub.publish("status", Array(#"{"news":1}"#.utf8))
    }
    news.start()
    // The stream does not end by itself: curl ends it, and says so by its exit status.
    let text = try runTool(
      "sh",
      [
        "-c",
        "curl --silent --insecure --no-buffer --max-time 3 --resolve \(Self.name):\(proxy.port):127.0.0.1 "
          + "https://\(Self.name):\(proxy.port)/tributary/api/events || true",
      ])
    #expect(text.contains("event: status\ndata: {\"news\":1}\n\n"))
  }
}
