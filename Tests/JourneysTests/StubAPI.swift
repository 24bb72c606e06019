// Safety: addresses are lent to socket calls for their length only; shared state is behind a mutex.

import Foundation
import Glibc
import Synchronization

/// The attribution API, in this process: limits, keys and failures as the tests want them.
final class StubAPI: Sendable {
  struct Request: Sendable {
    var path: String
    var headers: [String: String]
    /// Sessions by conversion, in the order sent.
    var journeys: [String: [String]]
    /// As sent.
    var body: [UInt8]
    /// 1 for the first request.
    var number: Int

    var sessionCount: Int { journeys.values.reduce(0) { $0 + $1.count } }
  }

  enum Reaction: Sendable {
    case answer(Int, headers: [String: String] = [:], String)
    /// The connection is closed without an answer.
    case cut
    /// Half of an answer, then the connection is closed.
    case cutInTheMiddle
    /// Nothing comes for so long.
    case hang(Double)
    /// An endless answer.
    case flood
  }

  private struct State {
    var requests: [Request] = []
    var active = 0
    var mostActive = 0
    var isOver = false
  }

  private let state = Mutex(State())
  private let listener: Int32
  let port: UInt16
  private let react: @Sendable (Request) -> Reaction

  var url: String { "http://127.0.0.1:\(port)/v1/compute_ihc" }
  var requests: [Request] { state.withLock(\.requests) }
  /// How many requests were under way at once, at most.
  var mostActive: Int { state.withLock(\.mostActive) }

  /// - Parameter react: answers a request; by default as the API should.
  init(_ react: @escaping @Sendable (Request) -> Reaction = StubAPI.right) throws {
    self.react = react
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
    guard var request = Self.read(connection) else { return }
    state.withLock { state in
      request.number = state.requests.count + 1
      state.requests.append(request)
      state.active += 1
      state.mostActive = max(state.mostActive, state.active)
    }
    let reaction = react(request)
    // Before the answer: the client may send the next request as soon as it has it.
    state.withLock { $0.active -= 1 }
    switch reaction {
    case .answer(let status, let headers, let text):
      let lines = headers.map { "\($0): \($1)\r\n" }.joined()
      Self.write(
        "HTTP/1.1 \(status) X\r\n\(lines)Content-Length: \(text.utf8.count)\r\n"
          + "Connection: close\r\n\r\n\(text)", connection)
    case .cut: return
    case .cutInTheMiddle:
      Self.write("HTTP/1.1 200 X\r\nContent-Length: 1000\r\n\r\n{\"value\":[", connection)
    case .hang(let seconds): Thread.sleep(forTimeInterval: seconds)
    case .flood:
      Self.write("HTTP/1.1 200 X\r\nConnection: close\r\n\r\n", connection)
      let piece = String(repeating: " ", count: 1 << 16)
      for _ in 0..<4_096 where Self.write(piece, connection) {}
    }
  }

  @discardableResult
  private static func write(_ text: String, _ connection: Int32) -> Bool {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes {
        send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return false }
      bytes = bytes.dropFirst(count)
    }
    return true
  }

  private static func read(_ connection: Int32) -> Request? {
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    func more() -> Bool {
      let count = recv(connection, &piece, piece.count, 0)
      guard count > 0 else { return false }
      bytes += piece[..<count]
      return true
    }
    let blank = Array("\r\n\r\n".utf8)
    var end: Int?
    while end == nil {
      guard more() else { return nil }
      end = bytes.indices.dropLast(3).first { Array(bytes[$0..<$0 + 4]) == blank }
    }
    let lines = String(decoding: bytes[..<end!], as: UTF8.self).components(separatedBy: "\r\n")
    let headers = lines.dropFirst().reduce(into: [String: String]()) { headers, line in
      let parts = line.split(separator: ":", maxSplits: 1)
      headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
    }
    let length = Int(headers["content-length"] ?? "") ?? 0
    while bytes.count < end! + 4 + length { guard more() else { return nil } }
    let body = Array(bytes[(end! + 4)...])
    let path = lines[0].split(separator: " ")[1]
    return Request(
      path: String(path), headers: headers, journeys: journeys(body), body: body, number: 0)
  }

  private static func journeys(_ body: [UInt8]) -> [String: [String]] {
    let object = try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]
    let sessions = object?["customer_journeys"] as? [[String: Any]] ?? []
    return sessions.reduce(into: [:]) { journeys, session in
      journeys[session["conversion_id"] as! String, default: []].append(
        session["session_id"] as! String)
    }
  }

  // MARK: Answers

  /// What the API should say: every session of a journey has an equal share.
  static func right(_ request: Request) -> Reaction { .answer(200, body(request)) }

  /// - Parameters:
  ///   - change: gets the sessions and shares of a conversion, to spoil them.
  ///   - failures: JSON of `partialFailureErrors`.
  static func body(
    _ request: Request, failures: String = "[]",
    change: (String, [(String, Double)]) -> [(String, Double)] = { $1 }
  ) -> String {
    let rows = request.journeys.sorted { $0.key < $1.key }.flatMap { conversion, sessions in
      change(conversion, sessions.map { ($0, 1 / Double(sessions.count)) }).map { session, share in
        """
        {"conversion_id":"\(conversion)","session_id":"\(session)","initializer":\(share),\
        "holder":\(share),"closer":\(share),"ihc":\(share)}
        """
      }
    }
    return
      "{\"statusCode\":200,\"partialFailureErrors\":\(failures),\"value\":[\(rows.joined(separator: ","))]}"
  }
}
