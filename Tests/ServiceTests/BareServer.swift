// Safety: buffers are lent to socket calls for their length only.

import Glibc
import TestServers

@testable import Service

/// A server on a free port around any responder.
final class BareServer {
  let port: Int
  private let server: HTTPServer

  init(
    _ responder: any HTTPResponder, _ change: (inout HTTPServer.Settings) -> Void = { _ in }
  ) throws {
    var settings = HTTPServer.Settings()
    settings.port = 0
    change(&settings)
    server = HTTPServer(settings, responder, hub: EventHub())
    port = try server.start()
  }

  deinit { server.stop() }

  /// Sends a request and returns its connection.
  func ask(_ target: String, _ headers: [String] = []) -> Int32 {
    let descriptor = TestServer.connect(to: port)
    let lines = ["GET \(target) HTTP/1.1", "Host: 127.0.0.1", "Connection: close"] + headers
    let bytes = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    _ = bytes.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    return descriptor
  }

  func read(_ descriptor: Int32) -> TestServer.Answer { TestServer.read(descriptor) }

  func get(_ target: String, _ headers: [String] = []) -> TestServer.Answer {
    let descriptor = ask(target, headers)
    defer { close(descriptor) }
    return read(descriptor)
  }
}
