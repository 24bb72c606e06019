// Safety: addresses are lent to socket calls for their length only; shared state is behind a mutex.

import Foundation
import Glibc
import Synchronization

/// A schema registry with the real HTTP interface, in this process.
final class StubRegistry: Sendable {
  struct Answer: Sendable {
    var status = 200
    var body = ""
    /// Seconds before it.
    var delay = 0.0
  }

  private struct State {
    var requests: [(path: String, authorization: String?)] = []
    var isOver = false
  }

  private let state = Mutex(State())
  private let listener: Int32
  let port: UInt16
  private let answer: @Sendable (_ path: String, _ number: Int) -> Answer

  var url: String { "http://127.0.0.1:\(port)" }
  var requests: [(path: String, authorization: String?)] { state.withLock(\.requests) }

  static let unknown = Answer(
    status: 404, body: #"{"error_code":40403,"message":"Schema not found"}"#)

  /// - Parameter answer: gets the path of each request, and its number from 1 on.
  init(_ answer: @escaping @Sendable (_ path: String, _ number: Int) -> Answer) throws {
    self.answer = answer
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = listener
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 && listen(descriptor, 64) == 0
          && getsockname(descriptor, $0, &length) == 0
      }
    }
    guard isBound else { throw POSIXError(.EADDRINUSE) }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    port = UInt16(bigEndian: address.sin_port)
    Thread.detachNewThread { [self] in accept() }
  }

  /// One that has these schemas, and those that Protobuf's refer to.
  convenience init(_ formats: Formats) throws {
    @Sendable func schema(_ text: String, _ more: String = "") -> Answer {
      let quoted = String(decoding: try! JSONEncoder().encode(text), as: UTF8.self)
      return Answer(body: "{\"schema\":\(quoted)\(more)}")
    }
    let shop = try Formats.text("shop.proto")
    let people = try Formats.text("people.proto")
    let schemas = formats.avroSchemas
    try self.init { path, _ in
      switch path {
      case "/schemas/ids/10":
        return schema(
          shop,
          #","schemaType":"PROTOBUF","references":[{"name":"people.proto","subject":"people/value","version":3}]"#
        )
      case "/subjects/people%2Fvalue/versions/3":
        return schema(
          people, #","schemaType":"PROTOBUF","subject":"people/value","version":3,"id":9"#)
      case "/schemas/ids/11": return schema("{}", #","schemaType":"JSON""#)
      case "/schemas/ids/12": return schema("{\"type\":\"recor\"}")
      default:
        let number = path.split(separator: "/").last.map(String.init) ?? ""
        return schemas[number].map { schema($0) } ?? StubRegistry.unknown
      }
    }
  }

  func stop() {
    state.withLock { $0.isOver = true }
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }

  private func accept() {
    while true {
      let connection = Glibc.accept(listener, nil, nil)
      guard connection >= 0, !state.withLock(\.isOver) else { return }
      _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
      Thread.detachNewThread { [self] in
        serve(connection)
        close(connection)
      }
    }
  }

  private func serve(_ connection: Int32) {
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 12)
    while !String(decoding: bytes, as: UTF8.self).contains("\r\n\r\n") {
      let count = recv(connection, &piece, piece.count, 0)
      guard count > 0 else { return }
      bytes += piece[..<count]
    }
    let lines = String(decoding: bytes, as: UTF8.self).components(separatedBy: "\r\n")
    let words = lines[0].split(separator: " ")
    let authorization = lines.first { $0.hasPrefix("Authorization: ") }
    let number = state.withLock { state in
      state.requests.append((String(words[1]), authorization))
      return state.requests.count
    }
    let answer = answer(String(words[1]), number)
    if answer.delay > 0 { Thread.sleep(forTimeInterval: answer.delay) }
    let text =
      "HTTP/1.1 \(answer.status) X\r\nContent-Type: application/vnd.schemaregistry.v1+json\r\n"
      + "Content-Length: \(answer.body.utf8.count)\r\nConnection: close\r\n\r\n\(answer.body)"
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes {
        send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }
}
