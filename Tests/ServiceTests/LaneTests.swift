import Foundation
import Glibc
import Synchronization
import TestServers
import Testing

@testable import Service

@Suite("Questions that take long", .serialized)
struct LaneTests {
  /// Answers at `/livez` and `/metrics` at once; at `/query` and `/search` when told, or when nobody wants it any more.
  private final class Slow: HTTPResponder {
    let release = Atomic(false)
    let running = Atomic(0)
    let interrupted = Atomic(0)

    func isPublic(_ path: String) -> Bool { true }

    func lane(of path: String) -> HTTPLane {
      switch path {
      case "/query": .query
      case "/search": .search
      case "/metrics": .probe
      default: .immediate
      }
    }

    func respond(to request: HTTPRequest) -> HTTPResponse {
      guard request.path == "/query" || request.path == "/search" else {
        return .text(.ok, "alive")
      }
      running.add(1, ordering: .relaxed)
      defer { running.subtract(1, ordering: .relaxed) }
      while !release.load(ordering: .relaxed) {
        do { try request.work.check() } catch {
          interrupted.add(1, ordering: .relaxed)
          return .text(.gatewayTimeout, "\(error)")
        }
        usleep(1_000)
      }
      return .text(.ok, "done")
    }
  }

  private let slow = Slow()

  private func server(_ change: (inout HTTPServer.Settings) -> Void = { _ in }) throws
    -> BareServer
  {
    try BareServer(slow, change)
  }

  private func wait(until condition: () -> Bool) {
    for _ in 0..<500 where !condition() { usleep(10_000) }
  }

  @Test("Liveness and metrics answer while every thread for questions and look-ups is taken")
  func probes() throws {
    let server = try server()
    let asking = (0..<5).map { server.ask($0 < 3 ? "/query" : "/search") }
    wait { slow.running.load(ordering: .relaxed) == 3 }
    for path in ["/livez", "/metrics"] {
      let began = ContinuousClock.now
      #expect(server.get(path).status == 200)
      #expect(began.duration(to: .now) < .seconds(1))
    }
    slow.release.store(true, ordering: .relaxed)
    for descriptor in asking {
      #expect(server.read(descriptor).status == 200)
      close(descriptor)
    }
  }

  @Test("When too many wait, more are told so at once")
  func full() throws {
    let server = try server()
    let limit = HTTPLane.search.threadCount + HTTPLane.search.queueLimit
    let asking = (0..<limit).map { _ in server.ask("/search") }
    usleep(200_000)
    let answer = server.get("/search")
    #expect(answer.status == 503)
    #expect(answer.headers.contains("retry-after: "))
    #expect(answer.body.split(separator: "\n").count == 1)
    slow.release.store(true, ordering: .relaxed)
    for descriptor in asking { close(descriptor) }
  }

  @Test("At the deadline the client is told, whether its turn had come or not, and the work ends")
  func deadline() throws {
    let server = try server { $0.searchSeconds = 1 }
    let first = server.ask("/search")
    wait { slow.running.load(ordering: .relaxed) == 1 }
    let second = server.ask("/search")
    #expect(server.read(first).status == 504)
    #expect([503, 504].contains(server.read(second).status))
    wait { slow.running.load(ordering: .relaxed) == 0 }
    #expect(slow.interrupted.load(ordering: .relaxed) >= 1)
    close(first)
    close(second)
  }

  @Test("Work ends when its client leaves, and is not begun for one that has left")
  func leaving() throws {
    let server = try server()
    let asking = (0..<5).map { _ in server.ask("/search") }
    wait { slow.running.load(ordering: .relaxed) == 1 }
    for descriptor in asking { close(descriptor) }
    wait { slow.running.load(ordering: .relaxed) == 0 }
    #expect(slow.running.load(ordering: .relaxed) == 0)
    slow.release.store(true, ordering: .relaxed)
    #expect(server.get("/search").status == 200)
    #expect(slow.interrupted.load(ordering: .relaxed) == 1)
  }

  @Test("A new connection takes the place of one that has only waited")
  func makingRoom() throws {
    let server = try server { $0.connectionLimit = 3 }
    let silent = (0..<3).map { _ in TestServer.connect(to: server.port) }
    usleep(100_000)
    #expect(server.get("/livez").status == 0, "those that have just come are not sent away")
    sleep(2)
    #expect(server.get("/livez").status == 200)
    for descriptor in silent { close(descriptor) }
  }
}
