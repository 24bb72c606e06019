// Safety: addresses are lent to socket calls for their length only; shared state is behind a mutex.

import Foundation
import Glibc
import Synchronization

/// A schema registry with the real HTTP interface, in this process.
public final class StubRegistry: Sendable {
  public struct Answer: Sendable {
    public var status: Int
    public var body: String
    /// Seconds before it.
    public var delay: Double

    public init(status: Int = 200, body: String = "", delay: Double = 0) {
      self.status = status
      self.body = body
      self.delay = delay
    }
  }

  public struct Request: Sendable {
    public var path: String
    public var authorization: String?
    /// Of a POST.
    public var body = ""
  }

  private struct State {
    var requests: [Request] = []
    var isOver = false
  }

  private let state = Mutex(State())
  private let listener: Int32
  public let port: UInt16
  private let answer: @Sendable (_ request: Request, _ number: Int) -> Answer

  public var url: String { "http://127.0.0.1:\(port)" }
  public var requests: [Request] { state.withLock(\.requests) }

  public static let unknown = Answer(
    status: 404, body: #"{"error_code":40403,"message":"Schema not found"}"#)

  /// - Parameter answer: gets the path of each request, and its number from 1 on.
  public convenience init(
    _ answer: @escaping @Sendable (_ path: String, _ number: Int) -> Answer
  ) throws {
    try self.init(Handler { answer($0.path, $1) })
  }

  /// Answers requests, each with its number from 1 on.
  public struct Handler: Sendable {
    let answer: @Sendable (_ request: Request, _ number: Int) -> Answer

    public init(_ answer: @escaping @Sendable (_ request: Request, _ number: Int) -> Answer) {
      self.answer = answer
    }
  }

  public init(_ handler: Handler) throws {
    answer = handler.answer
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

  public func stop() {
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
    let head = String(decoding: bytes, as: UTF8.self).components(separatedBy: "\r\n\r\n")[0]
    let lines = head.components(separatedBy: "\r\n")
    let length =
      lines.lazy.filter { $0.lowercased().hasPrefix("content-length: ") }
      .compactMap { Int($0.dropFirst("content-length: ".count)) }.first ?? 0
    while bytes.count < head.utf8.count + 4 + length {
      let count = recv(connection, &piece, piece.count, 0)
      guard count > 0 else { return }
      bytes += piece[..<count]
    }
    let request = Request(
      path: String(lines[0].split(separator: " ")[1]),
      authorization: lines.first { $0.hasPrefix("Authorization: ") },
      body: String(decoding: bytes[(head.utf8.count + 4)...], as: UTF8.self))
    let number = state.withLock { state in
      state.requests.append(request)
      return state.requests.count
    }
    let answer = answer(request, number)
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
